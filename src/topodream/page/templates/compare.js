// The comparison of two maps.


const pair = $("#pair").elements;

prepared.push(() => {
  const fill = (select, names) => select.append(...names.map((name) => option(name)));
  const go = (one, other) => { location.hash = `compare=${one},${other}`; };
  // A choice leads nowhere before it is confirmed: arrow keys try one after another.
  const onSubmit = (form, then) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      then();
    };
  };
  const names = study.experiments.map((one) => one.name);
  for (const select of [pair.one, pair.other]) fill(select, names);
  onSubmit($("#pair"), () => go(pair.one.value, pair.other.value));
  $("#swap").onclick = () => go(pair.other.value, pair.one.value);
  for (const form of $$("form[data-with]")) {
    const select = $("select", form);
    fill(select, names.filter((name) => name !== form.dataset.with));
    onSubmit(form, () => {
      if (select.value) go(form.dataset.with, select.value);
    });
  }
  for (const box of $$("[data-pick]")) box.onchange = () => drawTray(box);
});
onShown.set("view=compare", (address) => compare(...(address.get("compare") ?? "").split(",")));

// Two maps ticked in the overview can be compared; a third takes the place of the first.
const picked = [];

function drawTray(box) {
  const name = box.dataset.pick;
  if (box.checked) picked.push(name);
  else picked.splice(picked.indexOf(name), 1);
  if (picked.length > 2) $(`[data-pick="${picked.shift()}"]`).checked = false;
  const [one, other] = picked;
  $('a[data-view="view=compare"]').href = `#compare=${picked.join(",")}`;
  // The next to be reached by keyboard is what one ticks two maps for.
  for (const link of $$(".pick-with")) link.remove();
  for (const name of other === undefined ? [] : picked) {
    const href = `#compare=${name},${name === one ? other : one}`;
    const link = h("a", { className: "pick-with", href }, `with ${name === one ? other : one}`);
    $(`[data-pick="${name}"]`).parentElement.after(link);
  }
  const tray = $("#tray");
  tray.hidden = picked.length === 0;
  tray.replaceChildren(other === undefined
    ? `${one}: tick another map to compare it with.`
    : h("a", { href: `#compare=${one},${other}` }, `Compare ${one} with ${other}`));
}

function compare(...names) {
  const [a, b] = names.map((name) => byName.get(name));
  pair.one.value = a?.name ?? "";
  pair.other.value = b?.name ?? "";
  const place = $("#comparison");
  if (!a || !b) {
    place.replaceChildren(h("p", {}, "Choose two maps."));
  } else {
    document.title = `${a.name} and ${b.name}: topodream`;
    place.replaceChildren(
      h("h2", {}, "What differs in their settings"), settingsThatDiffer(a, b),
      h("h2", {}, "Key numbers"), ...keyNumbers(a, b),
      h("h2", {}, "On one scale"), onOneScale(a, b),
      h("h2", {}, "Each on its own scale"), ownScales(a, b));
  }
  mountPlayers(current);
}

function scrolling(label, ...children) {
  const properties = { className: "scroll", tabIndex: 0, role: "region", ariaLabel: label };
  return h("div", properties, ...children);
}

function headOf(first, a, b, ...more) {
  const properties = { scope: "col", className: more.length ? "number" : "" };
  const named = [a, b].map((one) =>
    h("th", properties, h("a", { href: `#${one.name}` }, one.name), " ", badge(one)));
  return h("thead", {}, h("tr", {}, h("th", { scope: "col" }, first), ...named, ...more));
}

function settingsThatDiffer(a, b) {
  const keys = [...new Set([...Object.keys(a.settings), ...Object.keys(b.settings)])]
    .filter((key) => key !== "name" && a.settings[key] !== b.settings[key]);
  if (keys.length === 0) return h("p", {}, "Nothing: the two were trained with the same settings.");
  const rows = keys.map((key) => h("tr", {}, h("th", { scope: "row" }, key),
    ...[a, b].map((one) => h("td", {}, one.settings[key] ?? "-"))));
  return scrolling("Settings that differ",
    h("table", { id: "differences" }, headOf("setting", a, b), h("tbody", {}, ...rows)));
}

// ---------------------------------------------------------------- measures

function keyNumbers(a, b) {
  const all = h("details", {}, h("summary", {}, "All measures"));
  all.append(measuresBeside(a, b, "All measures", [...measureGroups]));
  const key = h("div", { id: "key-numbers" },
    measuresBeside(a, b, "Key numbers", [["", study.key_measures]]));
  return [...seedsInWords(a, b), key, all];
}

// Return a table of measures by their headings; of headings without a measure nothing.
function measuresBeside(a, b, label, groups) {
  const bodies = groups.map(([group, names]) => {
    // What only one of the models has is left out for two of the other.
    const known = names.filter((name) => [a, b].some((one) => one.values[name] !== null));
    const heading = h("tr", {}, h("th", { scope: "rowgroup", colSpan: 4 }, group));
    const rows = known.map((name) => measureRow(a, b, name));
    return h("tbody", { hidden: known.length === 0 }, group ? heading : null, ...rows);
  });
  const last = h("th", { scope: "col", className: "number" }, "difference",
    h("small", {}, "and its 95 % interval"));
  return scrolling(label,
    h("table", { className: "beside" }, headOf("measure", a, b, last), ...bodies));
}

function measureRow(a, b, name) {
  const { label, meaning, form } = study.measures[name];
  const found = compareSeeds(a, b, name);
  const cells = [a, b].map((one, side) => {
    const values = found.values[side];
    const known = values.filter((value) => value !== null).length;
    const part = 0 < known && known < values.length
      ? h("small", {}, `of ${known} of ${values.length} seeds`) : null;
    const text = inForm(found.means[side], form);
    const shown = one === found.best && !whyNotComparable(a, b)
      ? h("strong", {}, h("span", { title: "the better one" }, "✓ "), text) : text;
    return h("td", { className: "number" }, shown, part);
  });
  const row = h("tr", {}, h("th", { scope: "row" },
    h("a", { className: "term", href: `#term=${name}` }, label), h("small", {}, meaning)), ...cells,
    h("td", { className: "number" }, ...differenceInWords(a, b, found, form)));
  row.dataset.measure = name;
  return row;
}

function differenceInWords(a, b, found, form) {
  const small = (text) => h("small", {}, text);
  if (whyNotComparable(a, b)) return ["-", small("not comparable")];
  const { mean, low, high } = found.difference;
  if (mean === null) return ["-", found.means.includes(null) ? null : small("not of every seed")];
  if (low === null) return [difference(mean, form), small("one seed")];
  // As many decimals as the interval's width can bear, where those of the measure would hide its ends.
  const decimals = form.endsWith("f") || form.endsWith("%");
  const reach = (high - mean) * (form.endsWith("%") ? 100 : 1);
  const needed = decimals && reach > 0 ? Math.min(6, 1 - Math.floor(Math.log10(reach))) : 0;
  const digits = Math.max(digitsOf(form), needed);
  const ends = [low, high].map((end) => difference(end, form, digits).replace(" points", ""));
  const none = found.seen === "none" ? small("no difference seen") : null;
  return [difference(mean, form, digits), small(ends.join(" to ")), none];
}

// Say of how many seeds the numbers are, and what they can't tell.
function seedsInWords(a, b) {
  const why = whyNotComparable(a, b);
  const seeds = commonSeeds(a, b);
  const listed = seeds.join(", ");
  const numbers = seeds.length === 0 ? "Each map is of a seed of its own."
    : seeds.length === 1 ? `One seed, ${listed}, of both maps.`
      : `Means of ${seeds.length} seeds that both maps were trained with (${listed}), and their
         difference, seed by seed.`;
  const ticks = why ?? (seeds.length > 1
    ? `✓: the better one, where less or more is better and the whole interval (Student's t) lies on one
       side of 0.`
    : `How far seeds differ is not known, so none is called the better one. The command "make study" trains
       experiments that a finding is about with more seeds; docs/configuration.md says how to state a finding.`);
  return [h("p", { className: "soft" }, numbers), h("p", { className: why ? "warning" : "soft" }, ticks)];
}

// ---------------------------------------------------------------- pictures

// Fill in what both maps' scripts draw; what they can't stands among the figures instead.
function onOneScale(a, b) {
  const place = h("div", { className: "contrasts" }, h("p", { className: "soft" }, "loading"));
  const show = (elements, names) => {
    if (!place.isConnected) return; // others are compared by now
    place.replaceChildren(...elements);
    revealFigures(names);
  };
  const failed = (error) =>
    show([h("p", { className: "warning" }, `Can't be drawn: ${error.message}`)], []);
  Promise.all([a, b].map(loadMap)).then(contrastsOf)
    .then(({ elements, names }) => show(elements, names)).catch(failed);
  return place;
}

// Figures on their own scales stand only for what isn't drawn on one for both.
function revealFigures(drawn) {
  for (const row of $$(".pairing[data-kind]")) {
    row.hidden = drawn.includes(CONTRASTED.get(row.dataset.kind));
  }
}

// Pictures of the same kind next to each other; what one of them lacks is said to be lacking.
function ownScales(a, b) {
  const figures = [a, b].map((one) => new Map($$("figure", sectionOf(one.name))
    .map((figure) => [figure.dataset.kind, figure])));
  const kinds = new Set(figures.flatMap((own) => [...own.keys()]));
  const absent = () => h("p", { className: "soft" }, "has no such picture");
  const shown = (kind) => [a, b].map((one, side) =>
    h("div", {}, h("p", { className: "of" }, one.name),
      figures[side].get(kind)?.cloneNode(true) ?? absent()));
  const inWords = (kind) => kind.replace(/^figures\/|\.\w+$/g, "").replaceAll("_", " ");
  const rows = [...kinds].map((kind) => {
    const row = h("div", { className: "pairing", hidden: CONTRASTED.has(kind) },
      h("h3", {}, inWords(kind)), ...shown(kind));
    row.dataset.kind = kind;
    if (kind.endsWith(".gif")) row.append(aboutFrames(a, b, kind));
    row.classList.toggle("one-clock", kind.endsWith(".gif"));
    return row;
  });
  const said = "The scales of these pictures are each map's own: hold numbers against each other, not shades.";
  return h("div", {}, h("p", { className: "soft" }, said), ...rows);
}

// Say what the frames are of that are shown at the same time.
function aboutFrames(a, b, kind) {
  const isFormation = kind === "formation.gif";
  const keys = isFormation ? ["steps_per_epoch", "snapshot_every"] : ["dataset"];
  const of = isFormation ? "steps" : "samples";
  const differ = keys.filter((key) => a.settings[key] !== b.settings[key])
    .map((key) => `${key} is ${a.settings[key]} and ${b.settings[key]}`);
  if (differ.length > 0) {
    return h("p", { className: "warning" },
      `Frames of the same number are of different ${of}: ${differ.join(", ")}.`);
  }
  const isShorter = isFormation && a.settings.epochs !== b.settings.epochs;
  return h("p", { className: "soft" },
    `One clock moves both; frames of the same number are of the same ${of}.`,
    isShorter ? " The shorter one stays at its last." : "");
}
