// What all views are made with: the study as the page holds it, elements, texts.

const study = JSON.parse(document.getElementById("study").textContent);
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
