// The page's views: which is shown, by the address; the overview's filter, order and table;
// the comparison of two maps. All of it is in the HTML already, but table and comparison.

const study = JSON.parse(document.getElementById("study").textContent);
const byName = new Map(study.experiments.map((experiment) => [experiment.name, experiment]));
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

// Write a number in one of Python's formats: ".4f", ".1%", ".3g", ",d".
function written(value, form) {
  if (value === null || value === undefined) return "-";
  const digits = Number(form.match(/\.(\d+)/)?.[1] ?? 0);
  if (form.endsWith("%")) return `${(100 * value).toFixed(digits)}%`;
  if (form.endsWith("g")) return String(Number(value.toPrecision(digits || 6)));
  const text = value.toFixed(digits);
  return form.startsWith(",") ? text.replace(/\B(?=(\d{3})+$)/g, ",") : text;
}

// ---------------------------------------------------------------- addresses and views
// An address ends in #view=overview&..., #view=findings, #compare=a,b or #<experiment>.

let players = [];
let current = null;
let lastFollowed = null;

function route() {
  const hash = decodeURIComponent(location.hash.slice(1));
  const address = new URLSearchParams(hash);
  const asked = address.get("view");
  if (address.has("compare")) {
    showView("view=compare");
    compare(...address.get("compare").split(","));
  } else if (asked === null && byName.has(hash)) {
    showView(hash);
  } else {
    // finding=<id> and sweep=<name> are parts of a view
    const part = hash && document.getElementById(hash);
    const view = part ? part.closest(".view") : document.getElementById(`view=${asked}`);
    showView(view?.id ?? "view=overview");
    if (current.id === "view=overview") readOverview(address);
    if (part && part !== view) part.scrollIntoView();
  }
}

function showView(id) {
  const view = document.getElementById(id);
  const entering = view !== current;
  const first = current === null;
  if (entering) {
    current?.classList.remove("current");
    view.classList.add("current");
    current = view;
    mountPlayers(view);
  }
  const title = $("h1", view);
  document.title = `${title.textContent}: topodream`;
  const link = id.startsWith("view=") ? `#${id}` : "#view=overview";
  for (const one of $$("nav a")) {
    const here = one.hash === link || (link === "#view=compare" && one.hash === "#compare=");
    if (here) one.ariaCurrent = "page";
    else one.removeAttribute("aria-current");
  }
  if (!entering || first) return;
  scrollTo(0, 0);
  // Back in the overview: where one has left it. Elsewhere readers begin at the title.
  if (id === "view=overview" && lastFollowed?.isConnected) lastFollowed.focus();
  else title.focus({ preventScroll: true });
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
const texts = new Map(study.experiments.map((one) => [
  one.name,
  [one.name, one.question, one.badge ?? "", ...Object.entries(one.settings).map((pair) => pair.join(" "))]
    .join("\n").toLowerCase(),
]));

function prepareOverview() {
  for (const key of ["model", "dataset"]) {
    const values = new Set(study.experiments.map((one) => one[key]));
    controls[key].append(...[...values].map((value) => option(value)));
  }
  for (const [name, { group, label }] of Object.entries(study.measures)) {
    const last = controls.sort.lastElementChild;
    const own = last.label === group ? last : h("optgroup", { label: group });
    own.append(option(name, label));
    controls.sort.append(own);
  }
  $("#filter").addEventListener("submit", (event) => event.preventDefault());
  $("#filter").addEventListener("input", (event) => {
    const measure = study.measures[controls.sort.value];
    // The best come first, where there is a best.
    if (event.target === controls.sort) controls.order.value = measure?.better === "higher" ? "down" : "up";
    overviewChanged();
  });
  columns.addEventListener("change", overviewChanged);
  $("#reset").onclick = () => {
    for (const key of ["text", "model", "dataset"]) controls[key].value = "";
    overviewChanged();
    controls.text.focus();
  };
  $$("#groups a").forEach((link) => link.addEventListener("click", () => {
    lastFollowed = $("h4 a", link.closest(".card"));
  }));
}

const chosenColumns = () => $$("input:checked", columns).map((box) => box.name);

// Another filter replaces the address: back leads to where one was before, not through each key.
function overviewChanged() {
  const address = new URLSearchParams({ view: "overview" });
  for (const key of ["text", "model", "dataset", "sort"]) {
    if (controls[key].value) address.set(key, controls[key].value);
  }
  if (controls.sort.value && controls.order.value === "down") address.set("order", "down");
  if (controls.as.value === "table") address.set("as", "table");
  if (chosenColumns().join() !== study.key_measures.join()) address.set("columns", chosenColumns().join());
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
  const [known, unknown] = [true, false].map((has) => experiments.filter((one) => (value(one) !== null) === has));
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
    const { label, form } = study.measures[measure];
    const number = written(byName.get(name).values[measure], form);
    $("dl", card).append(h("div", { className: "by" }, h("dt", {}, label), h("dd", {}, number)));
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
    h("th", { scope: "row" }, h("a", { href: `#${one.name}` }, one.name), badge(one)),
    ...keys.map(([name, isNull]) => h("td", { className: isNull ? "number soft" : "number" },
      written(one.values[name], study.measures[name].form)))));
  $("#table table").replaceChildren(h("thead", {}, head), h("tbody", {}, ...rows));
}

function headCell([name, isNull]) {
  const { label, meaning } = study.measures[name];
  if (isNull) return h("th", { scope: "col", className: "number", title: meaning }, label);
  const sortedBy = controls.sort.value === name;
  const down = controls.order.value === "down";
  const button = h("button", { type: "button", title: `${meaning}; press to sort` },
    label, sortedBy ? (down ? " ↓" : " ↑") : null);
  button.onclick = () => {
    controls.order.value = sortedBy !== down && sortedBy ? "down" : "up";
    if (!sortedBy) controls.order.value = study.measures[name].better === "higher" ? "down" : "up";
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
  return h("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: label }, ...children);
}

function headOf(first, a, b, ...more) {
  const named = [a, b].map((one) => h("th", { scope: "col", className: more.length ? "number" : "" },
    h("a", { href: `#${one.name}` }, one.name), badge(one)));
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
  const rows = Object.entries(study.measures).map(([name, measure]) => {
    const values = [a, b].map((one) => one.values[name]);
    const difference = values.includes(null) ? null : values[1] - values[0];
    const better = difference && measure.better
      ? values[(difference > 0) === (measure.better === "higher") ? 1 : 0] : null;
    const cells = values.map((value) => h("td", { className: "number" },
      value === better && better !== null
        ? h("span", { className: "better", title: "the better one" }, `✓ ${written(value, measure.form)}`)
        : written(value, measure.form)));
    const sign = difference > 0 ? "+" : "";
    const row = h("tr", {}, h("th", { scope: "row" }, measure.label, h("small", {}, measure.meaning)), ...cells,
      h("td", { className: "number" }, difference === null ? "-" : sign + written(difference, measure.form)));
    row.dataset.measure = name;
    return row;
  });
  const head = headOf("measure", a, b, h("th", { scope: "col", className: "number" }, "difference"));
  return h("div", {}, scrolling("Measures side by side",
    h("table", { id: "beside" }, head, h("tbody", {}, ...rows))),
    h("p", { className: "soft" }, "✓: the better of the two, where less or more is better."));
}

// Pictures of the same kind next to each other; a kind that one of them lacks is said to be lacking.
function picturesBeside(a, b) {
  const figures = [a, b].map((one) => new Map($$("figure", document.getElementById(one.name))
    .map((figure) => [figure.dataset.kind, figure])));
  const kinds = new Set(figures.flatMap((own) => [...own.keys()]));
  return [...kinds].map((kind) => h("div", { className: "pairing" }, ...[a, b].map((one, side) =>
    h("div", {}, h("h3", {}, one.name),
      figures[side].get(kind)?.cloneNode(true) ?? h("p", { className: "soft" }, "has no such picture")))));
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
addEventListener("hashchange", route);
route();
