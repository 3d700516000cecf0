// Pictures of two maps on one scale, drawn from what their map.js holds: what is darker in the one than
// in the other is so by its numbers, not by the scale of its figure.

// The figures that these stand for: kind of picture -> what is drawn.
const CONTRASTED = new Map([
  ["figures/prototypes.png", "prototypes"],
  ["figures/hit_map.png", "wins"],
  ["figures/u_matrix.png", "U-matrix"],
]);

// Return what can be drawn of both maps: elements, and the names of what they show.
function contrastsOf(maps) {
  const layers = maps[0].layers
    .filter((layer) => ["linear", "logarithmic"].includes(layer.scale))
    .map((layer) => [layer, maps[1].layers.find((other) => other.name === layer.name)])
    .filter(([, other]) => other !== undefined);
  const parts = layers.map((pair) => layerContrast(maps, pair));
  if (canAnswerTheSame(maps)) parts.push(activityContrast(maps));
  const views = maps.every((map) => map.weights) ? [prototypeContrast(maps, parts)] : [];
  const drawn = [...views, ...parts];
  return { elements: drawn.map(({ element }) => element), names: drawn.map(({ name }) => name) };
}

// What both maps' pictures stand in: a heading, the pictures side by side, and what is said of the scale.
function contrast(name, title, maps, pictures, ...said) {
  const sides = maps.map((map, side) =>
    h("figure", { className: "side" }, h("figcaption", {}, map.name), pictures[side]));
  const element = h("section", { className: "contrast" },
    h("h3", {}, title), h("div", { className: "sides" }, ...sides), ...said);
  element.dataset.contrast = name;
  return element;
}

// ---------------------------------------------------------------- scales

// A map that diverged has no say in a scale, or nothing would be seen of the other.
function ofSoundMaps(maps, values) {
  const isSound = (map) => !byName.get(map.name).badge?.startsWith("diverged");
  const sound = values.filter((_, side) => isSound(maps[side]));
  return sound.length > 0 ? sound : values;
}

// Return what colours stand for: a strip of them, if they are in a line, and numbers at their places.
function legend(colours, ticks, ...said) {
  const strip = colours && h("div", { className: "strip" });
  if (strip) strip.style.background = `linear-gradient(to right, ${colours.join(", ")})`;
  const numbers = ticks.map(([place, number]) => {
    const tick = h("span", {}, threeDigits(number));
    tick.style.left = `${100 * place}%`;
    return tick;
  });
  return h("div", { className: "shades" }, strip, h("div", { className: "ticks" }, ...numbers),
    h("p", { className: "soft" }, ...said));
}

const evenly = (...numbers) => numbers.map((number, i) => [i / (numbers.length - 1), number]);

// The ends, and powers of ten that have room between them.
function tenfold(low, high) {
  const place = (number) => Math.log(number / low) / Math.log(high / low);
  const ticks = [[0, low], [1, high]];
  for (let number = 10 * low; place(number) < 0.8; number *= 10) {
    ticks.splice(-1, 0, [place(number), number]);
  }
  return ticks;
}

const threeDigits = (value) => Number(value.toPrecision(3)).toLocaleString("en");

// ---------------------------------------------------------------- layers

// Sheets on which it can be framed what prototypes are seen.
function framed(canvases) {
  const frames = canvases.map(() => h("div", { className: "frame", hidden: true }));
  const pictures = canvases.map((canvas, side) => h("div", { className: "sheet" }, canvas, frames[side]));
  return { pictures, frames };
}

function layerContrast(maps, pair) {
  const scale = scaleOfLayer(...ofSoundMaps(maps, pair));
  const [layer] = pair;
  const { pictures, frames } = framed(pair.map((one, side) => {
    const canvas = h("canvas", { role: "img", ariaLabel: layerInWords(maps[side], one) });
    drawLayer(canvas, maps[side], one, scale);
    return canvas;
  }));
  const isLogarithmic = layer.scale === "logarithmic";
  const { low, high } = scale;
  const ticks = isLogarithmic ? tenfold(low, high) : evenly(low, (low + high) / 2, high);
  const said = isLogarithmic
    ? ["One logarithmic scale for both; white: none.", differentCounts(maps)]
    : ["One scale for both: 1st to 99th percentile of all units."];
  const element = contrast(layer.name, layer.name[0].toUpperCase() + layer.name.slice(1), maps, pictures,
    legend(coloursOf(layer), ticks, layer.title, " ", ...said));
  return { name: layer.name, element, pictures, frames };
}

// Wins are counts, of the steps of an epoch and of the winners of each.
function differentCounts(maps) {
  const [a, b] = maps.map((map) => byName.get(map.name).settings);
  const differ = ["steps_per_epoch", "n_winners"].filter((key) => a[key] !== b[key]);
  return differ.map((key) => ` The maps differ in ${key}: ${a[key] ?? "none"} and ${b[key] ?? "none"}.`)
    .join("");
}

function layerInWords(map, layer) {
  const known = layer.values.filter((value) => value !== null && !(layer.name === "wins" && value === 0));
  const none = layer.values.length - known.length;
  const ends = known.length === 0 ? "" : known.reduce(([low, high], value) =>
    [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]).map(threeDigits).join(" to ");
  return `${map.name}, ${layer.name} of ${layer.values.length} units: ${ends}; ${none} have none`;
}

// ---------------------------------------------------------------- activity

function canAnswerTheSame(maps) {
  const keys = ["height", "width", "colours", "channels"];
  return maps.every((map) => whySilent(map) === null) &&
    keys.every((key) => maps[0].form[key] === maps[1].form[key]);
}

// What both answer to the same sample, held out from the first map's training.
function activityContrast(maps) {
  const [{ samples, form, name }] = maps;
  const number = h("input", { type: "range", min: 0, max: samples.n - 1, value: 0 });
  const seen = h("canvas", { className: "seen", role: "img" });
  const [which, said] = [h("span"), h("div")];
  const canvases = maps.map(() => h("canvas", { role: "img" }));
  const { pictures, frames } = framed(canvases);
  const show = () => {
    const sample = sampleOf(maps[0], Number(number.value));
    const answers = maps.map((map) => respond(map, sample).activity);
    const high = Math.max(...ofSoundMaps(maps, answers).flatMap((activity) => [...activity])) || 1;
    maps.forEach((map, side) => drawActivity(canvases[side], map, answers[side], high));
    drawValues(seen, form, sample);
    const label = labelOf(maps[0], number.value);
    which.textContent = `${number.value}${label ? `, ${label}` : ""}`;
    seen.ariaLabel = number.ariaValueText = `sample ${which.textContent}`;
    said.replaceChildren(legend(CIVIDIS, evenly(0, high / 2, high),
      "What units answer to the sample. One scale for both; white: less than a hundredth of its end."));
  };
  number.oninput = show;
  show();
  const options = h("div", { className: "options" }, seen,
    h("label", {}, `Held-out sample of ${byName.get(name).dataset} `, number), which);
  const element = contrast("activity", "Activity", maps, pictures, said);
  element.querySelector("h3").after(options);
  return { name: "activity", element, pictures, frames };
}

// SparseDream's units all answer, most of them by next to nothing.
function drawActivity(canvas, map, activity, high) {
  const values = Array.from(activity, (value) => (value < high / 100 ? null : value));
  drawLayer(canvas, map, { scale: "linear", values }, { low: 0, high });
  const active = values.filter((value) => value !== null).length;
  canvas.ariaLabel = `${map.name}, activity: ${active} of ${values.length} units, ` +
    `the largest ${threeDigits(Math.max(...activity))}`;
}

// ---------------------------------------------------------------- prototypes

const ZOOMS = [2, 4, 8]; // device pixels a weight
const USUAL_ZOOM = 4;
const INK = ["#fff", "#000"]; // how greys go, of ink on paper

function prototypeContrast(maps, layers) {
  const windows = new Windows(maps, layers);
  const own = h("input", { type: "checkbox" });
  const said = h("div");
  const paint = () => {
    const scales = own.checked ? maps.map(() => ({ high: null })) : commonScales(maps);
    windows.paint(scales);
    said.replaceChildren(...aboutScales(maps, scales));
  };
  own.onchange = paint;
  paint();
  const options = h("div", { className: "options" }, h("label", {}, "Size ", windows.chosen),
    h("label", {}, own, " each prototype on a scale of its own"));
  const how = "Arrow keys, or dragging, move both maps; so does a click on a map below.";
  const element = contrast("prototypes", "Prototypes", maps, windows.panes, said,
    h("p", { className: "soft" }, how));
  element.querySelector("h3").after(options);
  return { name: "prototypes", element };
}

const sameKindOfPixels = (maps) =>
  ["colours", "channels", "is_bright"].every((key) => maps[0].form[key] === maps[1].form[key]);

// Return the scale of each map: the same, unless their weights are of different things.
function commonScales(maps) {
  if (!sameKindOfPixels(maps)) return maps.map(({ high }) => ({ high }));
  const high = Math.max(...ofSoundMaps(maps, maps).map((map) => map.high));
  return maps.map(() => ({ high }));
}

function aboutScales(maps, scales) {
  const say = (text) => h("p", { className: "soft" }, text);
  if (scales[0].high === null) return [say("Each prototype to its own largest weight.")];
  if (sameKindOfPixels(maps)) {
    const said = "One scale for both, the same for all units: to the larger of their 99.9th percentiles.";
    return [legendOfWeights(maps[0].form, scales[0], said)];
  }
  return [say("Their pixels are of different kinds: no scale fits both."), ...maps.map((map, side) =>
    legendOfWeights(map.form, scales[side], `${map.name}: to its 99.9th percentile.`))];
}

function legendOfWeights(form, { high }, said) {
  const ticks = form.isSigned ? evenly(-high, 0, high) : evenly(0, high / 2, high);
  const colours = form.is_bright ? INK.toReversed() : INK;
  return legend(form.nColours === 1 ? colours : null, ticks,
    form.isSigned ? "Weights, ON - OFF. " : "Weights. ", said);
}

// Prototypes of both maps through two windows that move together: where a window stands is a share of
// the way that it can go, so both reach the borders of their maps at once.
class Windows {
  constructor(maps, layers) {
    this.layers = layers; // on which the windows are framed
    this.at = { x: 0.5, y: 0.5 };
    this.zoom = USUAL_ZOOM; // 0: the whole maps
    this.sides = maps.map((map, side) => ({ map, sheet: h("canvas"), canvas: this.canvasOf(map, side),
      where: h("p", { className: "soft" }) }));
    this.panes = this.sides.map(({ canvas, where }) => h("div", { className: "pane" }, canvas, where));
    this.chosen = h("select", {},
      option(0, "whole maps"), ...ZOOMS.map((zoom) => option(zoom, `${zoom} pixels a weight`)));
    this.chosen.value = this.zoom;
    this.chosen.onchange = () => this.enlarge(Number(this.chosen.value));
    for (const { pictures } of layers) {
      pictures.forEach((picture, side) => { picture.onclick = (event) => this.goTo(side, event); });
    }
    new ResizeObserver(() => this.draw()).observe(this.panes[0]);
  }

  canvasOf(map, side) {
    // A name from the beginning: what is seen in it is said when it has been drawn.
    const ariaLabel = `${map.name}, prototypes`;
    const canvas = h("canvas", { className: "prototypes", tabIndex: 0, role: "img", ariaLabel });
    let last = null;
    canvas.onkeydown = (event) => this.key(side, event);
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      last = event;
    };
    canvas.onpointermove = (event) => {
      if (!event.buttons || !last || !this.zoom) return;
      const [x, y] = [last.clientX - event.clientX, last.clientY - event.clientY]
        .map((moved) => moved * devicePixelRatio / this.zoom);
      last = event;
      this.move(side, x, y);
    };
    canvas.onclick = (event) => {
      if (this.zoom) return;
      this.enlarge(USUAL_ZOOM);
      this.goTo(side, event);
    };
    return canvas;
  }

  paint(scales) {
    this.sides.forEach(({ map, sheet }, side) => drawPrototypes(sheet, map, scales[side]));
    this.draw();
  }

  // Return what part of a side's sheet is seen: its size, and how far it can go.
  partOf({ sheet }, side) {
    const most = this.zoom
      ? Math.floor(this.panes[side].clientWidth * devicePixelRatio / this.zoom) : Infinity;
    const [width, height] = [Math.min(sheet.width, most), Math.min(sheet.height, most)];
    return { width, height, free: { x: sheet.width - width, y: sheet.height - height } };
  }

  draw() {
    this.sides.forEach((one, side) => {
      const { width, height, free } = this.partOf(one, side);
      if (width === 0) return; // it isn't on the page
      const [x, y] = [this.at.x * free.x, this.at.y * free.y].map(Math.round);
      Object.assign(one.canvas, { width, height });
      one.canvas.getContext("2d").drawImage(one.sheet, -x, -y);
      one.canvas.style.width = this.zoom ? `${width * this.zoom / devicePixelRatio}px` : "100%";
      one.canvas.classList.toggle("enlarged", this.zoom > 0);
      this.say(one, { x, y, width, height });
      for (const { frames } of this.layers) this.frame(frames[side], one.sheet, { x, y, width, height });
    });
  }

  // Units that can be seen at least in half.
  say({ map, canvas, where }, { x, y, width, height }) {
    const { rows, cols } = map.grid;
    const ends = (from, size, pitch) =>
      [Math.round(from / pitch), Math.max(Math.round(from / pitch), Math.round((from + size) / pitch) - 1)]
        .join(" to ");
    const text = `rows ${ends(y, height, map.form.height + 1)} of ${rows}, ` +
      `columns ${ends(x, width, map.form.width + 1)} of ${cols}`;
    where.textContent = text;
    canvas.ariaLabel = `${map.name}, prototypes: ${text}; arrow keys move both maps`;
  }

  frame(frame, sheet, { x, y, width, height }) {
    frame.hidden = !this.zoom;
    const share = (part, whole) => `${100 * part / whole}%`;
    Object.assign(frame.style, { left: share(x, sheet.width), top: share(y, sheet.height),
      width: share(width, sheet.width), height: share(height, sheet.height) });
  }

  enlarge(zoom) {
    this.zoom = zoom;
    this.chosen.value = zoom;
    this.draw();
  }

  key(side, event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step || !this.zoom || event.ctrlKey || event.metaKey || event.altKey) return;
    const { form } = this.sides[side].map;
    this.move(side, step[0] * (form.width + 1), step[1] * (form.height + 1));
    event.preventDefault();
  }

  // Move both, so that one side goes a way, in weights.
  move(side, x, y) {
    const { free } = this.partOf(this.sides[side], side);
    this.place(this.at.x + (free.x && x / free.x), this.at.y + (free.y && y / free.y));
  }

  // Move both, so that one side has in its middle what was clicked on, in a picture of its whole map.
  goTo(side, { currentTarget, offsetX, offsetY }) {
    const { sheet } = this.sides[side];
    const { width, height, free } = this.partOf(this.sides[side], side);
    const x = offsetX / currentTarget.clientWidth * sheet.width - width / 2;
    const y = offsetY / currentTarget.clientHeight * sheet.height - height / 2;
    this.place(free.x ? x / free.x : 0.5, free.y ? y / free.y : 0.5);
  }

  place(x, y) {
    const within = (share) => Math.min(1, Math.max(0, share));
    this.at = { x: within(x), y: within(y) };
    this.draw();
  }
}
