// Charts: learning curves of chosen maps, or any measure against any other.

const chartForm = $("#charts").elements;
const chart = new Chart($("#chart"));
const KINDS_OF_CHART = { curves: drawCurves, scatter: drawScatter };
const CURVE_LABEL = "held-out error";
const OF_CURVES = ["experiment", "name", "seed", "epoch", "held_out_mse", "mean_image_mse"];
let chosenMaps = [];
let chartTable = { columns: [], rows: [] }; // what is drawn, for CSV and readers

prepared.push(() => {
  for (const select of [chartForm.x, chartForm.y]) {
    for (const [label, names] of measureGroups) {
      const options = names.map((name) => option(name, study.measures[name].label));
      select.append(h("optgroup", { label }, ...options));
    }
  }
  $("#charts").addEventListener("submit", (event) => event.preventDefault());
  // Which map may be added changes nothing by itself.
  $("#charts").addEventListener("input", (event) => event.target !== chartForm.map && chartChanged());
  $("#add-map").onclick = () => addMaps([chartForm.map.value]);
  $("#add-all").onclick = () => addMaps(addable);
  $("#chart-csv").onclick = () =>
    saveCsv(`topodream-${chartForm.kind.value}.csv`, chartTable.columns, chartTable.rows);
  $("#chart-table").addEventListener("toggle", drawChartTable);
  addEventListener("beforeprint", drawChartTable); // folds that are opened for paper say so too late
});
onShown.set("view=charts", readCharts);

// ---------------------------------------------------------------- the address

const TICKS = ["log", "start", "logx", "logy", "seeds", "points"];
const initially = () => ({
  text: "", x: "held_out_mse", y: "neighbour_correlation", by: "model", band: "range", with: "log,logx",
  maps: atFirst().join(),
});

// An address says what is chosen otherwise than at first, of both kinds.
function chartChanged() {
  const address = new URLSearchParams({ charts: chartForm.kind.value });
  for (const [key, value] of Object.entries(initially())) {
    const chosen = key === "maps" ? chosenMaps.join()
      : key === "with" ? TICKS.filter((name) => chartForm[name].checked).join() : chartForm[key].value;
    if (chosen !== value) address.set(key, chosen);
  }
  history.replaceState(null, "", `#${address}`);
  drawCharts();
}

function readCharts(address) {
  chartForm.kind.value = address.get("charts") in KINDS_OF_CHART ? address.get("charts") : "curves";
  const chosen = { ...initially(), ...Object.fromEntries(address) };
  for (const key of ["text", "x", "y", "by", "band"]) {
    chartForm[key].value = chosen[key];
    if (chartForm[key].selectedIndex === -1) chartForm[key].value = initially()[key];
  }
  for (const name of TICKS) chartForm[name].checked = chosen.with.split(",").includes(name);
  chosenMaps = [...new Set(chosen.maps.split(","))].filter((name) => byName.has(name));
  drawCharts();
}

// The first map that has several seeds, or any, with others that learnt the same.
function atFirst() {
  const known = study.experiments.filter(hasCurve);
  const first = known.find((one) => one.seeds.length > 1) ?? known[0];
  return known.filter((one) => one.dataset === first.dataset).slice(0, 3).map((one) => one.name);
}

// ---------------------------------------------------------------- what both have

function drawCharts() {
  const kind = chartForm.kind.value;
  for (const one of $$("[data-of]", $("#charts"))) one.hidden = one.dataset.of !== kind;
  const filter = filterOf(chartForm.text.value);
  sayFilter($("#charts-understood"), filter);
  KINDS_OF_CHART[kind](filter);
  drawChartTable();
}

// A chart, or a line if there is nothing to draw, with its legend and numbers.
function drawChart(content, legend, about, table) {
  const isEmpty = content.series.every((one) => one.points.length === 0);
  if (isEmpty) {
    chart.content = null;
    $("#chart").replaceChildren(h("p", { className: "soft" }, "Nothing to draw."));
  } else {
    chart.show(content);
  }
  $("#chart-legend").replaceChildren(...legend);
  $("#chart-about").replaceChildren(...about.flatMap((one) => [one, " "]));
  $("#chart-csv").disabled = table.rows.length === 0;
  chartTable = table;
}

const termOf = (name) => h("a", { className: "term", href: `#term=${name}` }, study.measures[name].label);

function legendItem(style, kind, ...children) {
  const mark = svg("g", { class: `mark ${kind}`, transform: "translate(14 8)" },
    svg("path", { d: style.shape(sizeOf(kind)) }));
  const line = kind === "curve" ? [svg("path", { class: "line", d: "M0 8H28", "stroke-dasharray": style.dash })] : [];
  const picture = svg("svg", { class: style.colour, width: 28, height: 16, "aria-hidden": "true" }, ...line, mark);
  return h("li", {}, picture, ...children);
}

// The table is made when somebody opens it: it may have a thousand lines.
function drawChartTable() {
  if (!$("#chart-table").open) return;
  const { columns, rows } = chartTable;
  const isText = (value) => typeof value === "string";
  const shown = (value) => (typeof value === "number" ? String(Number(value.toPrecision(4))) : value ?? "-");
  const cell = (value) => h("td", { className: isText(value) ? "" : "number" }, shown(value));
  const head = columns.map((name, place) =>
    h("th", { scope: "col", className: isText(rows[0]?.[place]) ? "" : "number" }, name));
  const lines = rows.map(([first, ...others]) =>
    h("tr", {}, h("th", { scope: "row" }, first), ...others.map(cell)));
  $("#chart-table .scroll").replaceChildren(h("table", { className: "measures" },
    h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...lines)));
}

// ---------------------------------------------------------------- learning curves

const hasCurve = (one) => one.seeds[0].curve.epoch.length > 0;
let addable = []; // the names that may be added

function addMaps(names) {
  chosenMaps = [...new Set([...chosenMaps, ...names])].filter((name) => byName.has(name));
  chartChanged();
}

function removeMap(name) {
  const place = chosenMaps.indexOf(name);
  chosenMaps.splice(place, 1);
  chartChanged();
  const others = $$("#chart-legend button");
  (others[Math.min(place, others.length - 1)] ?? chartForm.map).focus(); // that one is gone
}

function drawCurves(filter) {
  offerMaps(study.experiments.filter((one) => hasCurve(one) && filter.test(one)));
  const drawn = chosenMaps.map((name) => byName.get(name)).filter(hasCurve);
  const how = chartForm.band.value;
  const [references, aboutMean] = meanImageOf(drawn);
  const names = drawn.map((one) => one.name).join(", ");
  drawChart({
    label: `Learning curves of ${names}: ${CURVE_LABEL} over epochs`,
    along: true,
    x: { label: "epoch" }, y: { label: CURVE_LABEL, log: chartForm.log.checked },
    series: drawn.map((one, number) => curveOf(one, styleOf(number), how)),
    references,
  }, drawn.map(legendOfCurve), drawn.length > 0 ? [aboutSeeds(drawn, how), aboutMean] : [], {
    columns: OF_CURVES,
    rows: drawn.flatMap((one) => one.seeds.flatMap((seed) => rowsOfCurve(one, seed))),
  });
}

// Offer maps to be added.
function offerMaps(found) {
  const before = chartForm.map.value;
  addable = found.map((one) => one.name);
  chartForm.map.replaceChildren(...addable.map((name) => option(name)));
  if (addable.includes(before)) chartForm.map.value = before;
  $("#add-map").disabled = addable.length === 0;
  const hidden = addable.length < 2 || !chartForm.text.value;
  Object.assign($("#add-all"), { hidden, textContent: `Add all ${addable.length}` });
}

const legendOfCurve = (one, number) => legendItem(styleOf(number), "curve",
  h("a", { href: `#${one.name}` }, one.name), h("span", { className: "soft" }, seedsOf(one)),
  h("button", { type: "button", ariaLabel: `Remove ${one.name}`, onclick: () => removeMap(one.name) }, "×"));

// Before a map has learnt anything its error is of another size.
const isShownEpoch = (epoch) => epoch > 0 || chartForm.start.checked;

const rowsOfCurve = (one, { seed, name, curve }) => curve.epoch
  .map((epoch, at) => [one.name, name, seed, epoch, curve.held_out_mse[at], one.values.mean_image_mse])
  .filter((row) => isShownEpoch(row[3]));

const seedsWithCurve = (one) => one.seeds.filter(({ curve }) => curve.epoch.length > 0);

function seedsOf(one) {
  const number = seedsWithCurve(one).length;
  const lacking = one.seeds.length - number;
  const without = lacking > 0 ? `, ${lacking} more without a curve` : "";
  return `${number === 1 ? "one seed" : `${number} seeds`}${without}`;
}

function aboutSeeds(drawn, how) {
  if (drawn.every((one) => seedsWithCurve(one).length === 1)) return "One seed each: nothing is known of how far others differ.";
  return {
    range: "Lines: mean over seeds; bands: from the least to the largest of them.",
    interval: "Lines: mean over seeds; bands: 95 % interval of that mean (Student's t).",
    each: "Thick lines: mean over seeds; thin lines: each of them.",
  }[how];
}

// The error of the mean image is one number where maps learnt the same and were measured on the same.
function meanImageOf(drawn) {
  const errors = drawn.map((one) => one.values.mean_image_mse).filter((error) => error !== null);
  if (errors.length === 0) return [[], ""];
  const isSame = drawn.every((one) => one.dataset === drawn[0].dataset) &&
    errors.every((error) => isNear(error, errors[0]));
  if (!isSame) return [[], "The maps learnt different data: their errors are of different samples."];
  return [[{ y: errors[0], text: "error of the mean image" }], ""];
}

function curveOf(one, style, how) {
  const seeds = seedsWithCurve(one);
  const by = seeds.map(({ curve }) => new Map(curve.epoch.map((epoch, at) => [epoch, curve.held_out_mse[at]])));
  const epochs = seeds[0].curve.epoch.filter(isShownEpoch);
  const at = epochs.map((epoch) => [epoch, spreadOf(by.map((errors) => errors.get(epoch) ?? null))]);
  const line = at.map(([epoch, { mean }]) => [epoch, mean]);
  const isOne = seeds.length === 1;
  const ends = { range: ["least", "most"], interval: ["low", "high"] }[how];
  const canDraw = (value) => value !== null && (!chartForm.log.checked || value > 0);
  return {
    style, line,
    band: isOne || !ends ? [] : at.map(([epoch, spread]) => [epoch, ...ends.map((end) => spread[end])]),
    thin: isOne || how !== "each" ? [] : by.map((errors) => epochs.map((epoch) => [epoch, errors.get(epoch) ?? null])),
    points: at.filter(([, { mean }]) => canDraw(mean)).map(([epoch, spread]) => ({
      x: epoch, y: spread.mean, href: `#${one.name}`,
      text: `${one.name}, epoch ${epoch}: ${CURVE_LABEL} ${textOfSpread(spread, seeds.length, ends)}`,
    })),
  };
}

function textOfSpread(spread, number, ends) {
  const digits = (value) => String(Number(value.toPrecision(3)));
  if (number === 1) return `${digits(spread.mean)}, one seed`;
  const band = ends ? `, ${ends.map((end) => digits(spread[end])).join(" to ")}` : "";
  return `${digits(spread.mean)}${band}, ${number} seeds`;
}

// ---------------------------------------------------------------- any measure against any other

const trainings = []; // maps, other seeds, points of sweeps; gathered once

function allTrainings() {
  if (trainings.length > 0) return trainings;
  for (const one of study.experiments) {
    for (const { seed, name, values } of one.seeds) {
      const isMap = name === one.name;
      trainings.push({ kind: isMap ? "map" : "seed", of: one.name, name, seed, values, href: `#${one.name}`,
        said: isMap ? name : `${one.name}, seed ${seed}`,
        settings: { ...one.settings, seed: String(seed) }, text: one.text });
    }
  }
  for (const sweep of study.sweeps) {
    const base = byName.get(sweep.extends)?.settings ?? {};
    for (const { name, seed, settings, values } of sweep.points) {
      const swept = Object.entries(settings).map((pair) => pair.join(" = ")).join(", ");
      const all = { ...base, name, ...settings, seed: String(seed) };
      trainings.push({ kind: "point", of: sweep.name, name, seed, values, href: `#point=${name}`,
        said: `sweep ${sweep.name}: ${swept}, seed ${seed}`,
        settings: all, text: searchText([sweep.name], all) });
    }
  }
  return trainings;
}

const KINDS_OF_TRAINING = { map: "a map", seed: "another seed of one", point: "a point of a sweep" };

function drawScatter(filter) {
  const [x, y, by] = ["x", "y", "by"].map((key) => chartForm[key].value);
  const kinds = Object.keys(KINDS_OF_TRAINING)
    .filter((kind) => kind === "map" || chartForm[`${kind}s`].checked);
  const chosen = allTrainings().filter((one) => kinds.includes(one.kind) && filter.test(one));
  const measured = chosen.filter(({ values }) => values[x] !== null && values[y] !== null);
  const [logX, logY] = [chartForm.logx.checked, chartForm.logy.checked];
  const shown = measured.filter(({ values }) =>
    (!logX || values[x] > 0) && (!logY || values[y] > 0));
  const groups = groupsOf(shown, by);
  const axis = (name, log) => ({ ...study.measures[name], log });
  drawChart({
    label: `${study.measures[y].label} against ${study.measures[x].label} of ${shown.length} trainings`,
    x: axis(x, logX), y: axis(y, logY),
    series: groups.map(({ style, members }) =>
      ({ style, points: members.map((one) => pointOf(one, x, y)) })),
  }, legendOf(groups, kinds), aboutTrainings(chosen, measured, shown, [x, y]), {
    columns: ["name", "kind", "of", "seed", "model", "dataset", columnOf(x), columnOf(y)],
    rows: shown.map((one) => [one.name, one.kind === "point" ? "sweep point" : one.kind, one.of, one.seed,
      one.settings.model ?? null, one.settings.dataset ?? null, one.values[x], one.values[y]]),
  });
}

// Trainings by a setting. Its values keep their marks, whichever of them are shown.
function groupsOf(shown, by) {
  const valueOf = ({ settings }) => settings[by] ?? "unknown";
  const labels = [...new Set(allTrainings().map(valueOf))];
  return labels.map((label, number) => ({ label, style: styleOf(number),
    members: shown.filter((one) => valueOf(one) === label) })).filter(({ members }) => members.length > 0);
}

function legendOf(groups, kinds) {
  const marks = groups.map(({ label, style, members }) =>
    legendItem(style, "map", h("span", {}, `${label} (${members.length})`)));
  const sizes = kinds.map((kind) =>
    legendItem(styleOf(0), kind, h("span", { className: "soft" }, KINDS_OF_TRAINING[kind])));
  return [...marks, ...(kinds.length > 1 ? sizes : [])];
}

function aboutTrainings(chosen, measured, shown, [x, y]) {
  const [lacking, below] = [chosen.length - measured.length, measured.length - shown.length];
  return [
    `${shown.length} of ${chosen.length} trainings.`,
    lacking > 0 ? `${lacking} without one of the two measures.` : "",
    below > 0 ? `${below} not above 0, which a logarithmic axis can't show.` : "",
    h("span", {}, "What they mean: ", termOf(x), ", ", termOf(y), "."),
  ];
}

function pointOf({ kind, said, href, values }, x, y) {
  const number = (name) => `${study.measures[name].label} ${tickText(Number(values[name].toPrecision(3)), study.measures[name].form)}`;
  return { kind, href, x: values[x], y: values[y], text: `${said}: ${number(x)}, ${number(y)}` };
}
