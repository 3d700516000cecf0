// The overview: filter, order, cards and table.


const controls = $("#filter").elements;
const columns = $("#columns");
const cards = new Map($$(".card").map((card) => [card.dataset.name, card]));
const homes = new Map([...cards].map(([name, card]) => [name, card.parentElement]));

prepared.push(() => {
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
  $("#table-csv").onclick = saveTable;
  $("#reset").onclick = () => {
    for (const key of ["text", "model", "dataset"]) controls[key].value = "";
    overviewChanged();
    controls.text.focus();
  };
  document.getElementById("view=overview").addEventListener("click", (event) => {
    lastFollowed = event.target.closest("a")?.hash ?? lastFollowed;
  });
});
onShown.set("view=overview", readOverview);

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
  const filter = filterOf(controls.text.value);
  sayFilter($("#understood"), filter);
  return study.experiments.filter((one) => filter.test(one) &&
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

// The maps that match, in the order asked for.
function inOrder() {
  const measure = controls.sort.value;
  const found = matching();
  return measure ? sorted(found, measure, controls.order.value === "down") : found;
}

function drawOverview() {
  const measure = controls.sort.value;
  const shown = inOrder();
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
  if (measure) $("#sorted h2").textContent = `By ${study.measures[measure].label}`;
  if (measure) $("#sorted").append(...shown.map((one) => cards.get(one.name)));
  for (const group of $$(".group")) group.hidden = !$(".card:not([hidden])", group);
}

// ---------------------------------------------------------------- overview: table of measures

// Each measure with its null beside it, unless that is chosen for itself.
function columnsOfTable() {
  const chosen = chosenColumns();
  return chosen.flatMap((name) => {
    const beside = study.measures[name].null;
    return beside && !chosen.includes(beside) ? [[name, false], [beside, true]] : [[name, false]];
  });
}

function saveTable() {
  const names = columnsOfTable().map(([name]) => name);
  saveCsv("topodream-maps.csv", ["experiment", ...names.map(columnOf)],
    inOrder().map((one) => [one.name, ...names.map((name) => one.values[name])]));
}

function drawTable(shown) {
  const keys = columnsOfTable();
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
  const what = h("a", { className: "term what", href: `#term=${name}`, ariaLabel: `what is ${label}?` });
  const cell = h("th", { scope: "col", className: "number" }, button, what);
  cell.dataset.measure = name;
  if (sortedBy) cell.ariaSort = down ? "descending" : "ascending";
  return cell;
}

function badge(one) {
  return one.badge ? h("strong", { className: "badge diverged" }, one.badge) : null;
}
