// What seeds say of the difference between two maps, by the rule of the findings (findings.py): a
// difference is seen where all of the 95 % interval of its mean (Student's t) lies on one side of 0.

// Mean, ends and 95 % interval of the mean of several seeds; null where one of them has no number.
function spreadOf(values) {
  const number = values.length;
  if (values.includes(null)) return { mean: null, least: null, most: null, low: null, high: null };
  const mean = values.reduce((sum, value) => sum + value, 0) / number;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const reach = number > 1 ? study.t975[number - 1] * Math.sqrt(squares / (number - 1) / number) : null;
  const [low, high] = number > 1 ? [mean - reach, mean + reach] : [null, null];
  return { mean, least: Math.min(...values), most: Math.max(...values), low, high };
}

// Return the numbers of the seeds that both maps were trained with.
function commonSeeds(a, b) {
  const others = new Set(b.seeds.map((one) => one.seed));
  return a.seeds.map((one) => one.seed).filter((seed) => others.has(seed)).sort((x, y) => x - y);
}

// Compare a measure of two maps seed by seed; without a seed in common, by the map that each shows.
//
// Returned are of each map its "values" and their "means", "difference" (of the other from the one), and
// what is "seen": "better", of a measure that has a better direction, with the map that is "best";
// "difference"; "none"; or null, where seeds say nothing.
function compareSeeds(a, b, name) {
  const seeds = commonSeeds(a, b);
  const of = (map) => (seeds.length === 0 ? [map.values[name]]
    : seeds.map((seed) => map.seeds.find((one) => one.seed === seed).values[name]));
  const values = [of(a), of(b)];
  const means = values.map((some) => {
    const known = some.filter((value) => value !== null);
    return known.length > 0 ? spreadOf(known).mean : null;
  });
  const apart = values[1].map((value, place) =>
    (value === null || values[0][place] === null ? null : value - values[0][place]));
  const difference = spreadOf(apart);
  return { values, means, difference, ...whatIsSeen(a, b, difference, study.measures[name].better) };
}

function whatIsSeen(a, b, { low, high }, better) {
  if (low === null) return { seen: null, best: null };
  if (low <= 0 && high >= 0) return { seen: "none", best: null };
  if (!better) return { seen: "difference", best: null };
  return { seen: "better", best: (low > 0) === (better === "higher") ? b : a };
}

// Return why measures of two maps can't be held against each other, if they can't.
function whyNotComparable(a, b) {
  if (a.dataset !== b.dataset) {
    return `The maps learnt different data, ${a.dataset} and ${b.dataset}, and were measured on them.`;
  }
  const [one, other] = [a, b].map((map) => map.values.held_out_samples);
  return one === other ? null : `They were measured on ${one} and ${other} held-out samples.`;
}
