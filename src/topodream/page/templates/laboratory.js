// The laboratory: a map at work, on what one draws or on held-out samples; and its units, one by one.
//
// The address says what is shown: #laboratory=<map>&layer=...&unit=...&sample=...; a drawing isn't in it.

const lab = {
  name: null, // the map that is asked for; one at a time is held in memory
  map: null,
  layer: null, // null: prototypes
  sample: null, // number of the held-out sample; null: what was drawn
  response: null,
  held: null, // the unit that was chosen for good; null: the best winner
  hovered: null,
};
const MOST_SHOWN = 20; // samples in the strip, winners
const MOST_VOTES = 4;
const MOST_HEARD = 3;
const WINNER = "#d55e00";
const CHOSEN = "#0072b2";
const TINT = 0.55; // of the most active unit

prepared.push(() => {
  $("#lab-name").append(...study.experiments.map((one) => option(one.name)));
  $("#lab-name").onchange = () => { location.hash = `laboratory=${$("#lab-name").value}`; };
  lab.pad = new Pad($("#lab-pad"), () => soon(answerDrawing));
  $("#lab-pad").addEventListener("pointerup", () => soon(sayAnswer)); // once it is answered
  $("#lab-clear").onclick = () => { lab.pad.clear(); answerDrawing(); };
  $("#lab-previous").onclick = () => stepSample(-1);
  $("#lab-next").onclick = () => stepSample(1);
  $("#lab-random").onclick = () => showSample(Math.floor(Math.random() * lab.map.samples.n));
  const marks = $("#lab-marks");
  marks.onpointermove = (event) => { if (event.pointerType === "mouse") hover(unitAt(event)); };
  marks.onpointerleave = () => hover(null);
  marks.onclick = (event) => hold(unitAt(event) === lab.held ? null : unitAt(event));
  marks.onkeydown = chooseByKey;
  new ResizeObserver(() => { if (lab.map) fitSheet(); }).observe($(".lab-stack"));
});
onShown.set("view=laboratory", openLaboratory);

// Do something before the next frame is shown, however often it was asked for.
function soon(action) {
  lab.asked ??= new Set();
  if (lab.asked.size === 0) {
    requestAnimationFrame(() => {
      const asked = [...lab.asked];
      lab.asked.clear();
      for (const each of asked) each();
    });
  }
  lab.asked.add(action);
}

// ---------------------------------------------------------------- which map, and what of it

async function openLaboratory(address) {
  const asked = [address.get("laboratory"), lab.name, study.invited].find((name) => byName.has(name));
  const name = asked ?? study.experiments[0].name;
  if (name !== lab.name) {
    Object.assign(lab, { name, map: null, response: null, held: null, hovered: null, sample: null });
    $("#lab").hidden = true;
    $("#lab-about").textContent = "loading";
    lab.loaded = loadMap(byName.get(name));
  }
  document.title = `${name} in the laboratory: topodream`;
  $("#lab-name").value = name;
  try {
    const map = await lab.loaded;
    // Another one was asked for since, or another view.
    if (name !== lab.name || current.id !== "view=laboratory") return;
    $("#lab").hidden = false;
    if (!lab.map) setUp(map);
    readLaboratory(address);
  } catch (error) {
    if (name !== lab.name) return;
    trouble(`${name} can't be shown: ${error.message}`);
    lab.name = null; // to be tried again
  }
}

function trouble(text) {
  $("#lab-trouble").textContent = text ?? "";
  $("#lab-trouble").hidden = !text;
  if (text) $("#lab-about").textContent = "";
}

// Fill in what stays the same as long as the map is shown.
function setUp(map) {
  lab.map = map;
  lab.drawn = null;
  trouble(null);
  const { grid, samples } = map;
  const { settings } = byName.get(lab.name);
  const trace = (settings.trace ?? "none") === "none"
    ? "" : " Its activity leaves a trace in training; here each sample is shown by itself.";
  $("#lab-about").replaceChildren(
    `${grid.n.toLocaleString("en")} units that learnt from ${samples.described}.${trace} `, h("a", { href: `#${lab.name}` }, "Its pictures and measures"));
  $("#lab-marks").ariaLabel = `Map of ${grid.rows} by ${grid.cols} units: arrow keys choose a unit, `
    + "Escape goes back to the best winner";
  lab.pad.fit(map);
  if (whySilent(map) === null) respond(map, sampleOf(map, 0)); // the first one is slow: browsers compile
  setUpLayers();
  setUpSamples();
}

function setUpLayers() {
  const { layers, weights } = lab.map;
  const names = [...(weights ? ["prototypes"] : []), ...layers.map((layer) => layer.name)];
  const choices = names.map((name) => {
    const radio = h("input", { type: "radio", name: "lab-layer", value: name });
    radio.onchange = () => { chooseLayer(name); writeAddress(); };
    return h("label", {}, radio, name);
  });
  $("#lab-layers").replaceChildren($("#lab-layers legend"), ...choices);
}

function setUpSamples() {
  const { map, pad } = lab;
  const silent = whySilent(map);
  const [isSilent, isDigits] = [silent !== null, map.samples.labels && map.samples.classes.length === 0];
  $("#lab-show-title").textContent =
    !pad.draws ? "Show it a sample" : isDigits ? "Draw a digit" : "Draw what it sees";
  const asMnist = pad.isAsMnist ? " A drawing is fitted and centred as the digits of MNIST are." : "";
  const draw = `Draw with mouse, finger or pen; by keys, choose held-out samples.${asMnist}`;
  const choose = "What this map sees can't be drawn by hand: choose held-out samples.";
  $("#lab-how").textContent = isSilent ? silent : pad.draws ? draw : choose;
  $("#lab-clear").hidden = !pad.draws;
  for (const part of [".lab-answer", "#lab-signs"]) $(part).hidden = isSilent;
  $("#lab-strip").classList.toggle("named", map.samples.classes.length > 0);
  $("#lab-strip").replaceChildren(...firstSamples(map).map((number) =>
    thumb(number, map.samples.labels ? nameOfClass(map, map.samples.labels[number]) : "")));
}

// One of each class, else the first ones.
function firstSamples({ samples }) {
  if (!samples.labels) return [...Array(Math.min(MOST_SHOWN / 2, samples.n)).keys()];
  const classes = [...new Set(samples.labels)].sort((a, b) => a - b).slice(0, MOST_SHOWN);
  return classes.map((label) => samples.labels.indexOf(label));
}

function readLaboratory(address) {
  const { map, pad } = lab;
  const number = (key, end) => {
    const value = Number(address.get(key) ?? NaN);
    return Number.isInteger(value) && value >= 0 && value < end ? value : null;
  };
  lab.held = number("unit", map.grid.n);
  chooseLayer(address.get("layer"));
  const sample = number("sample", map.samples.n);
  if (sample === null && pad.isOwn && !pad.isBlank) answerDrawing(); // one comes back to it
  else showSample(sample ?? 0);
}

// Links to what is shown can be shared; back leads to where one was before.
function writeAddress() {
  const address = new URLSearchParams({ laboratory: lab.name });
  if (lab.layer) address.set("layer", lab.layer.name);
  if (lab.held !== null) address.set("unit", lab.held);
  if (lab.sample !== null) address.set("sample", lab.sample);
  history.replaceState(null, "", `#${address}`);
}

// ---------------------------------------------------------------- samples and drawings

function thumb(number, caption = "") {
  const { map } = lab;
  const canvas = h("canvas", {});
  drawValues(canvas, map.form, sampleOf(map, number));
  const button = h("button", { type: "button", ariaLabel: sampleInWords(number) }, canvas, caption);
  button.dataset.sample = number;
  button.onclick = () => { hold(lab.unit); showSample(number); };
  return button;
}

function sampleInWords(number) {
  const label = labelOf(lab.map, number);
  return `held-out sample ${number}${label ? `, ${label}` : ""}`;
}

function stepSample(step) {
  const { n } = lab.map.samples;
  showSample(((lab.sample ?? (step < 0 ? 0 : -1)) + step + n) % n);
}

function showSample(number) {
  lab.sample = number;
  const values = sampleOf(lab.map, number);
  lab.pad.show(values);
  answer(values);
  sayAnswer();
}

function answerDrawing() {
  lab.sample = null;
  answer(lab.pad.sample);
}

function answer(values) {
  const { map } = lab;
  lab.values = values;
  const begun = performance.now();
  lab.response = whySilent(map) === null ? respond(map, values) : null;
  lab.took = performance.now() - begun;
  const shown = lab.sample === null ? "your drawing" : sampleInWords(lab.sample);
  $("#lab-shown").textContent = `${shown[0].toUpperCase()}${shown.slice(1)}.`;
  for (const button of $$("#lab [data-sample]")) {
    button.ariaPressed = String(Number(button.dataset.sample) === lab.sample);
  }
  if (lab.response) drawAnswer();
  drawUnit();
  writeAddress();
}

// ---------------------------------------------------------------- what the map answers

function drawAnswer() {
  const { map, response, values, took } = lab;
  const { activity, winners } = response;
  lab.votes = votesOf(map, activity);
  $("#lab-votes").replaceChildren(...votesInBars(lab.votes));
  const drawn = reconstruct(map, activity);
  const pictures = [["what it sees", values], ["reconstruction", drawn]];
  $("#lab-pair").replaceChildren(...pictures.map(([caption, each]) => {
    const canvas = h("canvas", { role: "img", ariaLabel: caption });
    drawValues(canvas, map.form, each);
    return h("figure", {}, canvas, h("figcaption", {}, caption));
  }));
  $("#lab-winners").replaceChildren(...winners.slice(0, MOST_SHOWN).map(winnerButton));
  const units = `${winners.length} of ${map.grid.n.toLocaleString("en")} units`;
  const error = written(meanSquare(values, drawn), ".3g");
  $("#lab-time").textContent =
    `${units} ${winners.length === 1 ? "wins" : "win"}, in ${took.toFixed(1)} ms. Squared error: ${error}.`;
}

function votesInBars(votes) {
  if (votes.length === 0) return [];
  const percent = (share) => `${Math.round(100 * share)} %`;
  const [first, share] = votes[0];
  const label = lab.sample === null ? undefined : lab.map.samples.labels?.[lab.sample];
  const isRight = label === first;
  const truth = label === undefined ? "" : isRight ? ", ✓ as labelled" : `, ✗ labelled ${nameOfClass(lab.map, label)}`;
  const bars = votes.slice(0, MOST_VOTES).filter((vote) => vote[1] > 0.005).flatMap(([one, part]) => {
    const bar = h("i", {});
    bar.style.width = `${100 * part}%`;
    return [h("span", {}, nameOfClass(lab.map, one)), h("i", { ariaHidden: "true" }, bar),
      h("span", {}, percent(part))];
  });
  return [
    h("p", { className: "lab-verdict" }, h("strong", {}, nameOfClass(lab.map, first)),
      `${percent(share)} of the activity${truth}`),
    h("div", { className: "lab-bars" }, ...bars),
  ];
}

function winnerButton(unit, place) {
  const canvas = h("canvas", {});
  drawPrototype(canvas, lab.map, unit);
  const activity = lab.response.activity[unit].toFixed(2);
  const button = h("button", { type: "button", title: `activity ${activity}` }, canvas, activity);
  button.ariaLabel = `winner ${place + 1}, activity ${activity}: ${unitInWords(unit)}`;
  button.onclick = () => hold(unit);
  return button;
}

// For who doesn't see it: in few words, when it rests.
function sayAnswer() {
  if (!lab.response) return;
  const [vote] = lab.votes;
  const says = vote
    ? `it says ${nameOfClass(lab.map, vote[0])}, ${Math.round(100 * vote[1])} %`
    : `${lab.response.winners.length} winners`;
  $("#lab-status").textContent = `${$("#lab-shown").textContent} ${says}`;
}

// ---------------------------------------------------------------- the map

function chooseLayer(name) {
  const { map } = lab;
  lab.layer = map.layers.find((layer) => layer.name === name) ?? (map.weights ? null : map.layers[0]);
  const shown = lab.layer?.name ?? "prototypes";
  for (const radio of $$("#lab-layers input")) radio.checked = radio.value === shown;
  const sheet = $("#lab-sheet");
  if (lab.layer) {
    const scale = scaleOfLayer(lab.layer);
    drawLayer(sheet, map, lab.layer, scale);
    $("#lab-key").replaceChildren(h("span", {}, lab.layer.title), ...keyOfLayer(map, lab.layer, scale));
  } else {
    const scale = scaleOfPrototypes(map);
    drawPrototypes(sheet, map, scale);
    $("#lab-key").replaceChildren(prototypesInWords(map, scale));
  }
  $("#lab-signs").classList.toggle("on-layer", lab.layer !== null);
  fitSheet();
}

function fitSheet() {
  sharpen($("#lab-sheet"));
  drawMarks();
}

function unitAt({ clientX, clientY }) {
  const { grid } = lab.map;
  const box = $("#lab-marks").getBoundingClientRect();
  const place = (at, length) => Math.max(0, Math.min(length - 1, Math.floor(at * length)));
  const row = place((clientY - box.top) / box.height, grid.rows);
  return row * grid.cols + place((clientX - box.left) / box.width, grid.cols);
}

function hover(unit) {
  if (unit === lab.hovered) return;
  lab.hovered = unit;
  soon(drawUnit);
}

// Choose a unit for good; null: let go of it.
function hold(unit) {
  lab.held = unit;
  lab.hovered = null;
  drawUnit();
  writeAddress();
  $("#lab-status").textContent = `${unitInWords(lab.unit)}: ${layersOf(lab.unit)
    .map((pair) => pair.join(" ")).join(", ")}`;
}

function chooseByKey(event) {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey || !(step || event.key === "Escape")) return;
  event.preventDefault(); // arrows would scroll the page
  if (!step) return hold(null);
  const { rows, cols, is_torus } = lab.map.grid;
  const moved = (at, by, length) =>
    (is_torus ? (at + by + length) % length : Math.max(0, Math.min(length - 1, at + by)));
  const [row, col] = gridPlace(lab.unit);
  return hold(moved(row, step[0], rows) * cols + moved(col, step[1], cols));
}

// Frame winners and, twice, the chosen unit; tint what is active, but on colours that mean something.
function drawMarks() {
  const { map, response } = lab;
  const canvas = $("#lab-marks");
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  Object.assign(canvas, { width: width * devicePixelRatio, height: height * devicePixelRatio });
  const context = canvas.getContext("2d");
  context.scale(devicePixelRatio, devicePixelRatio);
  const [across, down] = [width / map.grid.cols, height / map.grid.rows];
  const corner = (unit) => [gridPlace(unit)[1] * across, gridPlace(unit)[0] * down];
  const frame = (unit, colour, line, beyond) => {
    const [x, y] = corner(unit);
    const box = [x - beyond, y - beyond, across + 2 * beyond, down + 2 * beyond];
    Object.assign(context, { strokeStyle: "#ffffff", lineWidth: line + 1.5 });
    context.strokeRect(...box);
    Object.assign(context, { strokeStyle: colour, lineWidth: line });
    context.strokeRect(...box);
  };
  if (response && !lab.layer) {
    const most = response.activity.reduce((a, b) => Math.max(a, b), 1e-30);
    context.fillStyle = WINNER;
    response.activity.forEach((active, unit) => {
      context.globalAlpha = TINT * Math.max(0, active) / most;
      if (active > 0) context.fillRect(...corner(unit), across, down);
    });
    context.globalAlpha = 1;
  }
  // Thinner on small units, or nothing is seen of those beside them.
  const thick = Math.min(1, Math.max(0.6, Math.min(across, down) / 25));
  const winner = lab.layer ? "#000000" : WINNER; // some layers have that colour
  for (const unit of response?.winners ?? []) frame(unit, winner, 2.5 * thick, -1.5 * thick);
  for (const beyond of [1.5, 4.5]) frame(lab.unit, CHOSEN, 1.5 * thick, beyond * thick);
}

// ---------------------------------------------------------------- keys to colours

function prototypesInWords({ grid, alive, form }, { high }) {
  const [low, top] = form.is_bright ? ["black", "bright"] : ["white", "black"];
  const scale = high === null ? "ON minus OFF: 0 is mid-grey, each prototype up to its own largest weight."
    : `Weights from each unit's least, ${low}, to ${written(high, ".3g")} above it, ${top}.`;
  const nFaint = grid.n - alive.reduce((sum, one) => sum + one, 0);
  return nFaint ? `${scale} Faint: ${nFaint.toLocaleString("en")} units that never won, or faded.` : scale;
}

function keyOfLayer(map, layer, scale) {
  if (layer.scale === "classes") {
    return [...scale.classes.map((one) => swatch(layer, scale, one, nameOfClass(map, one))),
      swatch(layer, scale, null, "none")];
  }
  if (layer.scale === "angles") {
    return [...[0, 45, 90, 135].map((angle) => swatch(layer, scale, angle, `${angle}°`)),
      swatch(layer, scale, null, "none")];
  }
  const ramp = h("span", { className: "lab-ramp" });
  ramp.style.background = `linear-gradient(to right, ${coloursOf(layer)})`;
  const [low, high] = [scale.low, scale.high].map((end) => written(end, layer.form));
  const never = layer.scale === "logarithmic" ? [swatch(layer, scale, 0, "0")] : [];
  return [...never, h("span", {}, low, ramp, high)];
}

function swatch(layer, scale, value, text) {
  const square = h("span", { className: "lab-swatch" });
  square.style.background = colourOf(layer, scale, value);
  return h("span", {}, square, text);
}

// ---------------------------------------------------------------- a unit

const gridPlace = (unit) => [Math.floor(unit / lab.map.grid.cols), unit % lab.map.grid.cols];
const unitInWords = (unit) => `unit at row ${gridPlace(unit)[0]}, column ${gridPlace(unit)[1]}`;

function layersOf(unit) {
  return lab.map.layers.map((layer) => {
    const value = layer.values[unit];
    const name = value === null || layer.scale !== "classes" ? written(value, layer.form)
      : nameOfClass(lab.map, value);
    return [layer.name, layer.scale === "angles" && value !== null ? `${name}°` : name];
  });
}

// Show the unit that is hovered over, held on to, or the best winner.
function drawUnit() {
  const { map, response } = lab;
  lab.unit = lab.hovered ?? lab.held ?? response?.winners[0] ?? 0;
  const now = response === null ? [] : [
    ["drive now", written(response.drives[lab.unit], ".3g")],
    ["heard now", written(response.heard[lab.unit], ".3g")],
    [response.called, written(response.scores[lab.unit], ".3g")],
    ["wins now", response.winners.includes(lab.unit)
      ? `yes, ${response.winners.indexOf(lab.unit) + 1} of ${response.winners.length}` : "no"],
  ];
  $("#lab-facts").replaceChildren(...[...layersOf(lab.unit), ...now]
    .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  if (lab.unit !== lab.drawn) drawUnitItself(map, lab.unit);
  drawMarks();
}

// What of a unit doesn't depend on samples: it is drawn anew for another unit alone, so that what has
// the focus keeps it.
function drawUnitItself(map, unit) {
  lab.drawn = unit;
  $("#lab-unit-title").textContent = `U${unitInWords(unit).slice(1)}`;
  const canvas = $("#lab-prototype");
  canvas.hidden = !map.weights;
  canvas.ariaLabel = `prototype of the ${unitInWords(unit)}`;
  if (map.weights) drawPrototype(canvas, map, unit);
  $("#lab-lateral").replaceChildren(...(map.lateral ?? []).map((kind) => lateralOf(kind, unit)));
  const count = map.best ? map.best.length / map.grid.n : 0;
  const best = [...(map.best ?? []).slice(unit * count, (unit + 1) * count)].filter((one) => one >= 0);
  const thumbs = h("div", { className: "lab-strip" }, ...best.map((number) => thumb(number)));
  for (const button of $$("button", thumbs)) {
    button.ariaPressed = String(Number(button.dataset.sample) === lab.sample);
  }
  $("#lab-best").replaceChildren(h("h3", {}, `Samples that it answers most, of ${lab.map.samples.n.toLocaleString("en")}`),
    best.length ? thumbs : h("p", { className: "soft" }, "none"));
}

// What a unit hears by one kind of lateral weights: where on the grid, and the largest as numbers.
function lateralOf({ title, acts, starts, heard, values }, unit) {
  const [start, end] = [starts[unit], starts[unit + 1]];
  const weights = [...values.subarray(start, end)].map((value, i) => [value, heard[start + i]]);
  weights.sort((one, other) => Math.abs(other[0]) - Math.abs(one[0]));
  const canvas = h("canvas", { role: "img", ariaLabel: `${title}: where on the map the units are` });
  drawLateral(canvas, lab.map.grid, weights, unit);
  const signed = (value) => `${value > 0 ? "+" : "−"}${written(Math.abs(value), ".3g")}`;
  const largest = weights.slice(0, MOST_HEARD).map(([value, other]) => {
    const [row, col] = gridPlace(other);
    return h("li", {}, `${signed(value)} row ${row}, column ${col}`);
  });
  const count = `hears ${weights.length.toLocaleString("en")} ${weights.length === 1 ? "unit" : "units"}`;
  const areAlike = weights.length > MOST_HEARD && weights[0][0] === weights.at(-1)[0];
  const said = weights.length === 0 ? ["hears nobody"]
    : areAlike ? [`${count}, each by ${signed(weights[0][0])}`]
    : [`${count}; the largest:`, h("ul", {}, ...largest)];
  return h("div", {}, h("h3", {}, `${title[0].toUpperCase()}${title.slice(1)}`),
    h("div", { className: "lab-hears" }, canvas, h("div", {}, ...said)));
}

// Red excites, blue inhibits, white is nothing; the dark unit is the one that hears.
const [EXCITES, INHIBITS, NOTHING] = ["#b2182b", "#2166ac", "#f7f7f7"];

function drawLateral(canvas, { rows, cols }, weights, unit) {
  Object.assign(canvas, { width: cols, height: rows });
  const context = canvas.getContext("2d");
  const square = (at) => context.fillRect(at % cols, Math.floor(at / cols), 1, 1);
  context.fillStyle = NOTHING;
  context.fillRect(0, 0, cols, rows);
  const largest = Math.abs(weights[0]?.[0] ?? 1);
  for (const [value, other] of weights) {
    context.fillStyle = between([NOTHING, value > 0 ? EXCITES : INHIBITS], Math.abs(value) / largest);
    square(other);
  }
  context.fillStyle = "#000000";
  square(unit);
}
