// How a map responds to a sample: the equations of docs/model.md, a function for each rule, in single
// precision as the maps themselves. A sample by itself: no activity before it leaves a trace.
//
// A rule is a function in RULES. It takes the map, what drives its units, and what they hear of each
// other's drives, and returns
//   scores    Float32Array by which units are ranked, largest first, of equal ones the smaller number
//   called    what scores are, for readers
//   activity  Float32Array, 0 where a unit doesn't answer
//   winners   numbers of units, best first
//   heard     where units hear of something else than drives: that

const RULES = { compete, interact, settle };

// Why a page can't say what a map answers; null if it can.
function whySilent(map) {
  if (!map.weights) return "It has too many weights to be sent to a page.";
  if (!map.answers) return `No page can compute what the model ${map.model} answers.`;
  return null;
}

// Return what a rule returns, with what drives units and what they hear of others: Float32Arrays.
function respond(map, sample) {
  const drives = drivesOf(map, sample);
  const heard = hear(map, drives);
  return { drives, heard, ...RULES[map.answers.rule](map, drives, heard) };
}

// Drives, W v: inputs that are 0 drive nobody, and most are.
function drivesOf({ weights, grid, form }, sample) {
  const inputs = Uint32Array.from(sample.keys()).filter((input) => sample[input] !== 0);
  const values = Float64Array.from(inputs, (input) => sample[input]);
  const drives = new Float32Array(grid.n);
  for (let unit = 0, start = 0; unit < grid.n; unit++, start += form.nInputs) {
    let sum = 0;
    for (let i = 0; i < inputs.length; i++) sum += weights[start + inputs[i]] * values[i];
    drives[unit] = sum;
  }
  return drives;
}

// What units hear of others' values by all lateral weights that act.
function hear({ lateral, grid }, values) {
  const sums = new Float64Array(grid.n);
  for (const { starts, heard, values: weights } of lateral.filter((kind) => kind.acts)) {
    for (let unit = 0; unit < grid.n; unit++) {
      for (let i = starts[unit]; i < starts[unit + 1]; i++) sums[unit] += weights[i] * values[heard[i]];
    }
  }
  return Float32Array.from(sums);
}

// MWTA, equations 2 to 4: the best by drive and lateral excitation answer, with the one or with both.
function compete({ answers }, drives, heard) {
  const scores = drives.map((drive, unit) => drive + heard[unit]);
  const answer = answers.activation === "drive" ? drives : scores;
  const winners = bestOf(scores, answers.n_winners).filter((unit) => answer[unit] !== 0);
  const activity = new Float32Array(drives.length);
  for (const unit of winners) activity[unit] = answer[unit];
  return { scores, called: "score", activity, winners };
}

// SparseDream, equation 3: all answer, the most active one wins.
function interact({ answers }, drives, heard) {
  const activity = drives.map((drive, unit) => sigmoid(drive + heard[unit] - answers.thresholds[unit]));
  const winners = bestOf(activity, 1).filter((unit) => activity[unit] !== 0);
  return { scores: activity, called: "activity", activity, winners };
}

// Foldiak, equations 2 and 3: units inhibit each other until they settle; who settles above it is active.
const ACTIVE_ABOVE = 0.5;

function settle(map, drives) {
  const { thresholds, gain, dt, steps, tolerance } = map.answers;
  const outputs = new Float32Array(drives.length);
  for (let step = 0, moved = Infinity; step < steps && moved >= tolerance; step++) {
    const heard = hear(map, outputs);
    moved = 0;
    for (let unit = 0; unit < outputs.length; unit++) {
      const towards = sigmoid(gain * (drives[unit] + heard[unit] - thresholds[unit]));
      const change = Math.fround(dt * (towards - outputs[unit]));
      outputs[unit] += change;
      moved = Math.max(moved, Math.abs(change));
    }
  }
  const activity = outputs.map((output) => (output > ACTIVE_ABOVE ? 1 : 0));
  const winners = bestOf(outputs, outputs.length).filter((unit) => activity[unit] !== 0);
  return { scores: outputs, heard: hear(map, outputs), called: "settles to", activity, winners };
}

const sigmoid = (value) => 1 / (1 + Math.exp(-value));

// The numbers of the units of largest value, best first; of equal ones the smaller number comes first.
function bestOf(values, count) {
  const byValue = (one, other) => values[other] - values[one] || one - other;
  if (count > FEW) return [...values.keys()].sort(byValue).slice(0, count);
  const best = []; // a few are found faster than all are sorted
  for (let unit = 0; unit < values.length; unit++) {
    if (best.length === count && values[unit] <= values[best[count - 1]]) continue;
    let place = best.length;
    while (place > 0 && values[unit] > values[best[place - 1]]) place--;
    best.splice(place, 0, unit);
    best.length = Math.min(best.length, count);
  }
  return best;
}
const FEW = 32;

// The sample as the active units see it: W^T a.
function reconstruct({ weights, form }, activity) {
  const sums = new Float64Array(form.nInputs);
  activity.forEach((active, unit) => {
    if (active === 0) return;
    const start = unit * form.nInputs;
    for (let i = 0; i < sums.length; i++) sums[i] += active * weights[start + i];
  });
  return Float32Array.from(sums);
}

// What share of the activity is that of units labelled so: [[class, share], ...], the largest first.
function votesOf(map, activity) {
  const labels = map.layers.find((layer) => layer.scale === "classes")?.values;
  if (!labels) return [];
  const votes = new Map();
  labels.forEach((label, unit) => {
    if (label !== null && activity[unit] > 0) votes.set(label, (votes.get(label) ?? 0) + activity[unit]);
  });
  const total = [...votes.values()].reduce((sum, vote) => sum + vote, 0);
  return [...votes].map(([label, vote]) => [label, vote / total]).sort((a, b) => b[1] - a[1]);
}

const meanSquare = (one, other) =>
  one.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0) / one.length;
