// Filters: what is typed into a search, as a test of maps. "radius = 3, dead < 10 % and digits".
//
// Parts are joined by commas or "and". A part with an operator compares a setting, by its dotted key or
// the last words of it, or a measure, by its name or label or how one of these begins. All else are words
// to look for. What can't be understood is left out, and said.

const OPERATORS = /!=|<=|>=|==|[=<>≠≤≥]/;
const SPELLINGS = { "==": "=", "≠": "!=", "≤": "<=", "≥": ">=" };
const isNear = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
const COMPARED = {
  "=": isNear,
  "!=": (a, b) => !isNear(a, b),
  "<": (a, b) => a < b && !isNear(a, b),
  "<=": (a, b) => a < b || isNear(a, b),
  ">": (a, b) => a > b && !isNear(a, b),
  ">=": (a, b) => a > b || isNear(a, b),
};
const NO_VALUE = ["none", "-"];

// A number, or null; "10 %" is 0.1.
function asNumber(text) {
  const found = text.match(/^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(%?)$/i);
  return found ? Number(found[1]) / (found[2] ? 100 : 1) : null;
}

// Spaces, hyphens and underscores are one.
const folded = (text) => text.trim().toLowerCase().replace(/\s*,\s*/g, ", ").replace(/[\s_-]+/g, " ");

const settingKeys = new Set([
  ...study.experiments.flatMap((one) => Object.keys(one.settings)),
  ...study.sweeps.flatMap((sweep) => sweep.points.flatMap((point) => Object.keys(point.settings))),
]);

// What a word may mean: the closest of exact names, ends of settings' keys, beginnings of measures.
function meanings(word) {
  const wanted = folded(word);
  const measures = Object.entries(study.measures).map(([name, { label }]) =>
    ({ measure: name, names: [folded(name), folded(label)] }));
  const settings = [...settingKeys].map((key) => ({ setting: key, names: [folded(key)] }));
  const closest = [
    [...settings, ...measures].filter(({ names }) => names.includes(wanted)),
    settings.filter(({ names }) => names[0].endsWith(`.${wanted}`)),
    measures.filter(({ names }) => names.some((name) => name.startsWith(wanted))),
  ].find((found) => found.length > 0) ?? [];
  // Of several measures that begin alike, the one that cards show is meant.
  const shown = closest.filter(({ measure }) => study.key_measures.includes(measure));
  return shown.length === 1 ? shown : closest;
}

const nameOf = ({ setting, measure }) => setting ?? measure;

// Return {test(map), understood, problems} of a text; a map has settings, values and a text.
function filterOf(text) {
  const filter = { tests: [], words: [], understood: [], problems: [] };
  for (const part of partsOf(text)) {
    const operator = part.match(OPERATORS)?.[0];
    if (operator) readComparison(part, operator, filter);
    else filter.words.push(...part.toLowerCase().split(/\s+/).filter(Boolean));
  }
  filter.test = (one) => filter.words.every((word) => one.text.includes(word)) &&
    filter.tests.every((test) => test(one));
  return filter;
}

// Without an operator all are words. A label may have a comma in it.
function partsOf(text) {
  if (!OPERATORS.test(text)) return [text];
  const parts = [];
  for (const part of text.split(/,|\s+and\s+/i)) {
    const joined = `${parts.at(-1)},${part}`;
    const label = folded(joined.split(OPERATORS)[0]);
    const isOne = Object.values(study.measures).some((measure) => folded(measure.label) === label);
    if (isOne) parts[parts.length - 1] = joined;
    else parts.push(part);
  }
  return parts;
}

function readComparison(part, written, filter) {
  const operator = SPELLINGS[written] ?? written;
  const place = part.indexOf(written);
  const word = part.slice(0, place).trim();
  const value = part.slice(place + written.length).trim();
  const found = word ? meanings(word) : [];
  const problem = !word ? "what is compared?"
    : found.length === 0 ? `no setting or measure is called ${word}${instead(word)}`
    : found.length > 1 ? `${word} may be ${anyOf(found.map(nameOf))}`
    : !value ? "it lacks a value" : problemOfValue(found[0], operator, value);
  if (problem) {
    filter.problems.push(`“${part.trim()}” is left out: ${problem}.`);
    return;
  }
  const { setting, measure } = found[0];
  const label = setting ?? study.measures[measure].label;
  filter.understood.push(`${label} ${operator} ${value}`);
  filter.tests.push(setting ? testOfSetting(setting, operator, value)
    : testOfMeasure(measure, operator, value));
}

function problemOfValue({ measure }, operator, value) {
  const isEqual = ["=", "!="].includes(operator);
  if (asNumber(value) !== null) return null;
  if (isEqual && (!measure || NO_VALUE.includes(value.toLowerCase()))) return null;
  return `${value} is no number`;
}

// Names that have a word in them, for who has mistaken one.
function instead(word) {
  const wanted = folded(word);
  const names = [...settingKeys, ...Object.keys(study.measures)];
  const near = names.filter((name) => {
    const label = study.measures[name]?.label ?? "";
    return folded(name).includes(wanted) || folded(label).includes(wanted);
  });
  return near.length > 0 ? `; there is ${anyOf(near)}` : "";
}

function anyOf(names) {
  const most = names.length > 6 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  return most.length === 1 ? most[0] : `${most.slice(0, -1).join(", ")} or ${most.at(-1)}`;
}

// Settings are texts; where both are numbers they are compared as such. What lacks one doesn't match.
function testOfSetting(key, operator, value) {
  const wanted = asNumber(value);
  return ({ settings }) => {
    if (settings[key] === undefined) return false;
    const own = asNumber(settings[key]);
    if (own !== null && wanted !== null) return COMPARED[operator](own, wanted);
    const isSame = settings[key].toLowerCase() === value.toLowerCase();
    return operator === "=" ? isSame : operator === "!=" && !isSame;
  };
}

function testOfMeasure(name, operator, value) {
  const wanted = asNumber(value);
  if (wanted === null) return ({ values }) => (values[name] === null) === (operator === "=");
  return ({ values }) => values[name] !== null && COMPARED[operator](values[name], wanted);
}

// Say under a search how its comparisons were understood, and which were not.
function sayFilter(place, { understood, problems }) {
  place.hidden = understood.length + problems.length === 0;
  place.replaceChildren(understood.length > 0 ? `Only ${understood.join(", ")}. ` : "",
    ...problems.map((problem) => h("strong", { className: "problem" }, problem, " ")));
}

// What words are looked for in.
function searchText(lines, settings) {
  return [...lines, ...Object.entries(settings).map((pair) => pair.join(" "))].join("\n").toLowerCase();
}
for (const one of study.experiments) {
  one.text = searchText([one.name, one.question, one.badge ?? ""], one.settings);
}
