// The page's views: which is shown, by the address; the overview's filter, order and table;
// the comparison of two maps. All of it is in the HTML already, but table and comparison.

const study = JSON.parse(document.getElementById("study").textContent);
const byName = new Map(study.experiments.map((experiment) => [experiment.name, experiment]));
const measureGroups = new Map(); // heading -> names of measures
for (const [name, { group }] of Object.entries(study.measures)) {
  measureGroups.set(group, [...(measureGroups.get(group) ?? []), name]);
}
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// An element with properties and children; null children are left out.
function h(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function option(value, text = value) {
  return h("option", { value }, text);
}

// Write a difference of two measures, by their format in Python: ".4f", ".1%", ".3g", ",d".
function difference(value, form) {
  const digits = Number(form.match(/\.(\d+)/)?.[1] ?? 0);
  const size = Math.abs(form.endsWith("%") ? 100 * value : value);
  const text = form.endsWith("g")
    ? String(Number(size.toPrecision(digits || 6))) : size.toFixed(digits);
  const sign = Number(text) === 0 ? "" : value < 0 ? "-" : "+";
  return sign + text + (form.endsWith("%") ? " points" : "");
}

// ---------------------------------------------------------------- addresses and views
// An address ends in #view=overview&..., #view=findings, #compare=a,b or #<experiment>.

let players = [];
let current = null;
let lastFollowed = null; // the link by which the overview was left

function route() {
  const hash = location.hash.slice(1);
  const address = new URLSearchParams(hash);
  // finding=<id>, sweep=<name> and data=<name> are parts of a view
  const named = address.has("view") ? `view=${address.get("view")}` : hash;
  const target = document.getElementById(address.has("compare") ? "view=compare" : named);
  const id = target?.closest(".view")?.id ?? "view=overview";
  const before = current;
  showView(document.getElementById(id));
  if (id === "view=compare") compare(...(address.get("compare") ?? "").split(","));
  if (id === "view=overview") readOverview(address);
  if (before !== null && before !== current) arrive();
  if (target && target !== current) target.scrollIntoView();
}

function showView(view) {
  if (view !== current) {
    current?.classList.remove("current");
    view.classList.add("current");
    current = view;
    mountPlayers(view);
  }
  document.title = `${$("h1", view).textContent}: topodream`;
  const [isMap, isComparison] = [byName.has(view.id), view.id === "view=compare"];
  const here = isMap ? "#view=overview" : isComparison ? "#compare=" : `#${view.id}`;
  for (const link of $$("nav a")) link.ariaCurrent = link.hash === here ? "page" : null;
}

// Who comes back to the overview goes on where they left it; elsewhere readers begin at the title.
function arrive() {
  scrollTo(0, 0);
  const links = current.id === "view=overview" ? $$("a:not([tabindex])", current) : [];
  const left = links.find((link) => link.hash === lastFollowed && link.checkVisibility());
  if (left) left.focus();
  else $("h1", current).focus({ preventScroll: true });
}

// Only the view that is shown has players: others hold neither bytes nor clocks.
function mountPlayers(view) {
  players.forEach((player) => player.remove());
  players = $$("figure[data-script]", view).map((figure) => new Player(figure));
}

// ---------------------------------------------------------------- overview: filter and sort

const controls = $("#filter").elements;
const columns = $("#columns");
const cards = new Map($$(".card").map((card) => [card.dataset.name, card]));
const homes = new Map([...cards].map(([name, card]) => [name, card.parentElement]));

// What the search looks through.
const texts = new Map(study.experiments.map((one) => {
  const settings = Object.entries(one.settings).map((pair) => pair.join(" "));
  const lines = [one.name, one.question, one.badge ?? "", ...settings];
  return [one.name, lines.join("\n").toLowerCase()];
}));

function prepareOverview() {
  for (const key of ["model", "dataset"]) {
    const values = new Set(study.experiments.map((one) => one[key]));
    controls[key].append(...[...values].map((value) => option(value)));
  }
  for (const [label, names] of measureGroups) {
    const options = names.map((name) => option(name, study.measures[name].label));
    controls.sort.append(h("optgroup", { label }, ...options));
  }
  $("#filter").addEventListener("submit", (event) => event.preventDefault());
  $("#filter").addEventListener("input", (event) => {
    const measure = study.measures[controls.sort.value];
    if (event.target === controls.sort) controls.order.value = bestFirst(measure);
    overviewChanged();
  });
  columns.addEventListener("change", overviewChanged);
  $("#reset").onclick = () => {
    for (const key of ["text", "model", "dataset"]) controls[key].value = "";
    overviewChanged();
    controls.text.focus();
  };
  document.getElementById("view=overview").addEventListener("click", (event) => {
    lastFollowed = event.target.closest("a")?.hash ?? lastFollowed;
  });
}

// The order in which the best come first, where there is a best.
const bestFirst = (measure) => (measure?.better === "higher" ? "down" : "up");

const chosenColumns = () => $$("input:checked", columns).map((box) => box.name);

// Another filter replaces the address: back leads to where one was before, not through each key.
function overviewChanged() {
  const address = new URLSearchParams({ view: "overview" });
  for (const key of ["text", "model", "dataset", "sort"]) {
    if (controls[key].value) address.set(key, controls[key].value);
  }
  if (controls.sort.value && controls.order.value === "down") address.set("order", "down");
  if (controls.as.value === "table") address.set("as", "table");
  const columns = chosenColumns().join();
  if (columns !== study.key_measures.join()) address.set("columns", columns);
  history.replaceState(null, "", `#${address}`);
  drawOverview();
}

function readOverview(address) {
  for (const key of ["text", "model", "dataset", "sort"]) {
    controls[key].value = address.get(key) ?? "";
    if (controls[key].selectedIndex === -1) controls[key].value = ""; // no such choice
  }
  controls.order.value = address.get("order") === "down" ? "down" : "up";
  controls.as.value = address.get("as") === "table" ? "table" : "grid";
  const chosen = address.has("columns") ? address.get("columns").split(",") : study.key_measures;
  for (const box of $$("input", columns)) box.checked = chosen.includes(box.name);
  drawOverview();
}

function matching() {
  const words = controls.text.value.toLowerCase().split(/\s+/).filter(Boolean);
  return study.experiments.filter((one) =>
    words.every((word) => texts.get(one.name).includes(word)) &&
    ["model", "dataset"].every((key) => [ "", one[key] ].includes(controls[key].value)));
}

// Sort by a measure; what has none comes last, whichever the order.
function sorted(experiments, measure, descending) {
  const value = (one) => one.values[measure];
  const known = experiments.filter((one) => value(one) !== null);
  const unknown = experiments.filter((one) => value(one) === null);
  known.sort((a, b) => (descending ? value(b) - value(a) : value(a) - value(b)));
  return [...known, ...unknown];
}

function drawOverview() {
  const measure = controls.sort.value;
  const found = matching();
  const shown = measure ? sorted(found, measure, controls.order.value === "down") : found;
  const asTable = controls.as.value === "table";
  controls.order.disabled = !measure;
  $("#count").textContent = `${shown.length} of ${study.experiments.length} maps`;
  $("#nothing").hidden = shown.length > 0;
  $("#table").hidden = !asTable || shown.length === 0;
  $("#groups").hidden = asTable || Boolean(measure);
  $("#sorted").hidden = asTable || !measure;
  if (asTable) drawTable(shown);
  else drawCards(shown, measure);
}

function drawCards(shown, measure) {
  const names = new Set(shown.map((one) => one.name));
  for (const [name, card] of cards) {
    card.hidden = !names.has(name);
    homes.get(name).append(card);
    $(".by", card)?.remove();
    if (!measure || study.key_measures.includes(measure)) continue;
    $("dl", card).append(h("div", { className: "by" },
      h("dt", {}, study.measures[measure].label), h("dd", {}, byName.get(name).shown[measure])));
  }
  if (measure) $("#sorted").append(...shown.map((one) => cards.get(one.name)));
  for (const group of $$(".group")) group.hidden = !$(".card:not([hidden])", group);
}

// ---------------------------------------------------------------- overview: table of measures

function drawTable(shown) {
  // Each measure with its null beside it, unless that is chosen for itself.
  const chosen = chosenColumns();
  const keys = chosen.flatMap((name) => {
    const beside = study.measures[name].null;
    return beside && !chosen.includes(beside) ? [[name, false], [beside, true]] : [[name, false]];
  });
  const head = h("tr", {}, h("th", { scope: "col" }, "experiment"), ...keys.map(headCell));
  const rows = shown.map((one) => h("tr", {},
    h("th", { scope: "row" }, h("a", { href: `#${one.name}` }, one.name), " ", badge(one)),
    ...keys.map(([name, isNull]) =>
      h("td", { className: isNull ? "number soft" : "number" }, one.shown[name]))));
  $("#table table").replaceChildren(h("thead", {}, head), h("tbody", {}, ...rows));
}

function headCell([name, isNull]) {
  const { label, meaning } = study.measures[name];
  if (isNull) return h("th", { scope: "col", className: "number", title: meaning }, label);
  const sortedBy = controls.sort.value === name;
  const down = controls.order.value === "down";
  const button = h("button", { type: "button", title: `${meaning}; press to sort` },
    label, sortedBy ? (down ? "\u00a0↓" : "\u00a0↑") : null);
  button.onclick = () => {
    if (sortedBy) controls.order.value = down ? "up" : "down";
    else controls.order.value = bestFirst(study.measures[name]);
    controls.sort.value = name;
    overviewChanged();
    $(`#table [data-measure="${name}"] button`).focus(); // the table was made anew
  };
  const cell = h("th", { scope: "col", className: "number" }, button);
  cell.dataset.measure = name;
  if (sortedBy) cell.ariaSort = down ? "descending" : "ascending";
  return cell;
}

function badge(one) {
  return one.badge ? h("strong", { className: "badge diverged" }, one.badge) : null;
}

// ---------------------------------------------------------------- comparison

const pair = $("#pair").elements;

function prepareComparison() {
  for (const select of [pair.one, pair.other, ...$$("[data-with]")]) {
    const others = study.experiments.filter((one) => one.name !== select.dataset.with);
    select.append(...others.map((one) => option(one.name)));
  }
  const go = (one, other) => { location.hash = `compare=${one},${other}`; };
  $("#pair").onchange = () => go(pair.one.value, pair.other.value);
  $("#pair").onsubmit = (event) => event.preventDefault();
  $("#swap").onclick = () => go(pair.other.value, pair.one.value);
  for (const select of $$("[data-with]")) {
    select.onchange = () => {
      const other = select.value;
      select.value = ""; // for when one comes back
      go(select.dataset.with, other);
    };
  }
  for (const box of $$("[data-pick]")) box.onchange = () => drawTray(box);
}

// Two maps ticked in the overview can be compared; a third takes the place of the first.
const picked = [];

function drawTray(box) {
  const name = box.dataset.pick;
  if (box.checked) picked.push(name);
  else picked.splice(picked.indexOf(name), 1);
  if (picked.length > 2) $(`[data-pick="${picked.shift()}"]`).checked = false;
  const [one, other] = picked;
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
      h("h2", {}, "Measures"), measuresBeside(a, b),
      h("h2", {}, "Pictures"), ...picturesBeside(a, b));
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

function measuresBeside(a, b) {
  const groups = [...measureGroups].map(([group, names]) => {
    // What only one of the models has is left out for two of the other.
    const known = names.filter((name) => [a, b].some((one) => one.values[name] !== null));
    const heading = h("tr", {}, h("th", { scope: "rowgroup", colSpan: 4 }, group));
    const rows = known.map((name) => measureRow(a, b, name));
    return h("tbody", { hidden: known.length === 0 }, heading, ...rows);
  });
  const last = h("th", { scope: "col", className: "number" }, "difference");
  const head = headOf("measure", a, b, last);
  return h("div", {},
    scrolling("Measures side by side", h("table", { id: "beside" }, head, ...groups)),
    h("p", { className: "soft" }, "✓: the better of the two, where less or more is better."));
}

function measureRow(a, b, name) {
  const { label, meaning, form, better } = study.measures[name];
  const [one, other] = [a.values[name], b.values[name]];
  const more = one === null || other === null ? null : other - one;
  const best = more && better && ((more > 0) === (better === "higher") ? b : a);
  const cells = [a, b].map((each) => h("td", { className: "number" }, each === best
    ? h("strong", { title: "the better one" }, `✓ ${each.shown[name]}`) : each.shown[name]));
  const row = h("tr", {}, h("th", { scope: "row" }, label, h("small", {}, meaning)), ...cells,
    h("td", { className: "number" }, more === null ? "-" : difference(more, form)));
  row.dataset.measure = name;
  return row;
}

// Pictures of the same kind next to each other; what one of them lacks is said to be lacking.
function picturesBeside(a, b) {
  const figures = [a, b].map((one) => new Map($$("figure", document.getElementById(one.name))
    .map((figure) => [figure.dataset.kind, figure])));
  const kinds = new Set(figures.flatMap((own) => [...own.keys()]));
  const absent = () => h("p", { className: "soft" }, "has no such picture");
  const shown = (kind) => [a, b].map((one, side) =>
    h("div", {}, h("h3", {}, one.name), figures[side].get(kind)?.cloneNode(true) ?? absent()));
  return [...kinds].map((kind) => h("div", { className: "pairing" }, ...shown(kind)));
}

// ---------------------------------------------------------------- previous and next

function prepareSteps() {
  study.experiments.forEach((one, place) => {
    for (const link of $$("[data-step]", document.getElementById(one.name))) {
      const to = study.experiments[place + Number(link.dataset.step)];
      if (to) Object.assign(link, { href: `#${to.name}`, hidden: false, title: to.name });
    }
  });
}

prepareOverview();
prepareComparison();
prepareSteps();
$(".skip").onclick = (event) => {
  event.preventDefault(); // as an address it would be another view
  $("h1", current).focus();
};
addEventListener("hashchange", route);
route();
