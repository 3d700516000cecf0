// What all views are made with: the study as the page holds it, elements, texts.

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
