// What all views are made with: the study as the page holds it, elements, texts.

const study = JSON.parse(document.querySelector("script#study").textContent);
const byName = new Map(study.experiments.map((experiment) => [experiment.name, experiment]));
const measureGroups = new Map(); // heading -> names of measures
for (const [name, { group }] of Object.entries(study.measures)) {
  measureGroups.set(group, [...(measureGroups.get(group) ?? []), name]);
}
// Of other seeds and of points of sweeps measures come without their names.
const byMeasure = (values) =>
  Object.fromEntries(Object.keys(study.measures).map((name, place) => [name, values[place]]));
for (const one of study.experiments) {
  one.seeds[0].values = one.values;
  for (const seed of one.seeds.slice(1)) seed.values = byMeasure(seed.values);
}
for (const sweep of study.sweeps) {
  for (const point of sweep.points) point.values = byMeasure(point.values);
}
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// An element with properties and children; null children are left out.
function h(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

// The view of a map. Its name may be an id of the page's own, which come before it.
const sectionOf = (name) => $(`.experiment[id="${name}"]`);

// Let the reader keep a file that was made here.
function saveFile(name, blob) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // by then it is read
}

function option(value, text = value) {
  return h("option", { value }, text);
}

// How many decimals a format of Python's has, or of "g" digits.
const digitsOf = (form) => Number(form.match(/\.(\d+)/)?.[1] ?? 0);

// Write a measure by its format in Python: ".4f", ".1%", ".3g", ",d".
function inForm(value, form, digits = digitsOf(form)) {
  if (value === null) return "-";
  if (form.endsWith("g")) return String(Number(value.toPrecision(digits || 6)));
  const size = form.endsWith("%") ? 100 * value : value;
  const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  // As Python rounds: the exact binary number, ties to even. Intl rounds the shortest decimals of a number, but
  // a string as it is.
  const how = { ...fixed, useGrouping: form.startsWith(","), roundingMode: "halfEven" };
  const text = new Intl.NumberFormat("en", how).format(size.toFixed(100));
  return text.replace(/^-(?=[0.]*$)/, "") + (form.endsWith("%") ? "%" : ""); // no -0
}

// Write a difference of two measures: with its sign, and percentages in points.
function difference(value, form, digits = digitsOf(form)) {
  const text = inForm(Math.abs(value), form, digits).replace("%", "");
  const sign = Number(text.replaceAll(",", "")) === 0 ? "" : value < 0 ? "-" : "+";
  return sign + text + (form.endsWith("%") ? " points" : "");
}
