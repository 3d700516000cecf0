// Sheets: what a map looks like on a canvas, its prototypes and its layers; and what samples look like.
//
//   const map = await loadMap(experiment);        // one of study.experiments
//   drawPrototypes(canvas, map, scaleOfPrototypes(map));            // as figures draw them
//   drawLayer(canvas, map, layer, scaleOfLayer(layer, same));       // one scale for two maps
//   sharpen(canvas);                              // once it stands on the page, and on resize
//
// Canvases get the size that their pixels need; how large they are shown says the style sheet.

// ---------------------------------------------------------------- a map

// Return a map with its arrays: ``weights`` (n_units * n_inputs, unit by unit) and ``answers`` may be
// null. What laboratory.py says of it is there too. Whoever asks keeps it: several take much memory.
async function loadMap(experiment) {
  return readMap(await loadScript(experiment.laboratory));
}

async function readMap(content) {
  const map = await unpackAll(content);
  const { grid, form, weights } = map;
  grid.n = grid.rows * grid.cols;
  form.nColours = form.colours === "grey" ? 1 : 3;
  form.isSigned = form.channels === "on_off";
  form.nPixels = form.height * form.width;
  form.nInputs = form.nPixels * form.nColours * (form.isSigned ? 2 : 1);
  map.samples.n = map.samples.pixels.length / form.nInputs;
  if (weights) {
    const { alive, high, above_least: aboveLeast } = weights;
    Object.assign(map, { weights: fromLevels(weights), alive, high, aboveLeast });
  }
  return map;
}

async function unpackAll(content) {
  if (content === null || typeof content !== "object") return content;
  if (content.dtype) return unpack(content);
  const parts = await Promise.all(Object.entries(content)
    .map(async ([key, value]) => [key, await unpackAll(value)]));
  return Array.isArray(content) ? parts.map(([, value]) => value) : Object.fromEntries(parts);
}

// Return prototypes by their levels: w = sign(q) (q / levels)^2 s, of the scale s of its unit.
function fromLevels({ codes, levels, scale }) {
  const weights = new Float32Array(codes.length);
  const nInputs = codes.length / scale.length;
  for (let unit = 0, i = 0; unit < scale.length; unit++) {
    for (const end = i + nInputs; i < end; i++) {
      weights[i] = codes[i] * Math.abs(codes[i]) / levels ** 2 * scale[unit];
    }
  }
  return weights;
}

// A held-out sample, in [0, 1].
function sampleOf(map, number) {
  const { nInputs } = map.form;
  const bytes = map.samples.pixels.subarray(number * nInputs, (number + 1) * nInputs);
  return Float32Array.from(bytes, (byte) => byte / 255);
}

// "a 7", or the name of a class; null where samples have no labels.
function labelOf(map, number) {
  const label = map.samples.labels?.[number];
  return label === undefined ? null : map.samples.classes[label] ?? `a ${label}`;
}

const nameOfClass = (map, label) => map.samples.classes[label] ?? String(label);

// Write a value of a layer, by its format in Python; what a unit lacks as "none".
const written = (value, form) => (value === null ? "none" : inForm(value, form));

// ---------------------------------------------------------------- prototypes and samples

// The scale of figures: up to ``high``, or of signed ones null, each to its own largest value; from each
// unit's least weight on, and units that haven't learnt are faint. A scale may be { high } alone: from 0
// on, all alike.
function scaleOfPrototypes({ form, aboveLeast }) {
  return { high: form.isSigned ? null : aboveLeast, asInFigures: true };
}
// How much of the scale a prototype takes at most that its unit hasn't learnt.
const FAINT = 0.25;

// Between two prototypes.
const SEPARATOR = 217;

// Draw all prototypes, a pixel each weight.
function drawPrototypes(canvas, map, scale) {
  const { grid, form } = map;
  const [across, down] = cellOf(map);
  Object.assign(canvas, { width: grid.cols * across, height: grid.rows * down });
  const image = new ImageData(canvas.width, canvas.height);
  image.data.fill(SEPARATOR);
  for (let i = 3; i < image.data.length; i += 4) image.data[i] = 255;
  for (let unit = 0; unit < grid.n; unit++) {
    const [row, col] = [Math.floor(unit / grid.cols), unit % grid.cols];
    const place = (row * down + 1) * canvas.width + col * across + 1;
    const prototype = prototypeOf(map, unit);
    const least = scale.asInFigures ? leastOf(form, prototype) : 0;
    const largest = largestOf(form, prototype, least);
    let high = scale.high ?? largest;
    if (scale.asInFigures && !map.alive[unit]) high = Math.max(high, largest / FAINT);
    shade(form, prototype, high, image, place, least);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// Draw one prototype, from its least weight to its largest.
function drawPrototype(canvas, map, unit) {
  const prototype = prototypeOf(map, unit);
  const least = leastOf(map.form, prototype);
  drawValues(canvas, map.form, prototype, largestOf(map.form, prototype, least), least);
}

// Pixels from one prototype to the next: to the right, and down.
const cellOf = ({ form }) => [form.width + 1, form.height + 1];

function prototypeOf(map, unit) {
  const { nInputs } = map.form;
  return map.weights.subarray(unit * nInputs, (unit + 1) * nInputs);
}

// Draw one picture, from ``least`` to ``high`` above that.
function drawValues(canvas, form, values, high = 1, least = 0) {
  Object.assign(canvas, { width: form.width, height: form.height });
  const image = new ImageData(form.width, form.height);
  shade(form, values, high, image, 0, least);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// The largest value that a picture has, of signed ones of either sign; 1 where all are 0.
function largestOf(form, values, least = 0) {
  let largest = 0;
  for (let i = 0; i < form.nPixels * form.nColours; i++) {
    largest = Math.max(largest, Math.abs(valueAt(form, values, i) - least));
  }
  return largest || 1;
}

// What is taken off a prototype: its least weight. Of signed ones, and of opponent colours, nothing.
function leastOf(form, values) {
  if (form.isSigned || form.colours === "opponent") return 0;
  return Math.max(0, values.reduce((least, value) => Math.min(least, value), Infinity));
}

// Of signed pictures, ON minus OFF: first come all of the one, then all of the other.
function valueAt(form, values, i) {
  return form.isSigned ? values[i] - values[i + form.nPixels * form.nColours] : values[i];
}

// Put a picture into an image, at a place in it, as topodream.pictures.shades does.
function shade(form, values, high, image, place = 0, least = 0) {
  const paint = form.nColours === 1 ? shadeOfGrey : shadeOfColour;
  for (let row = 0, pixel = 0; row < form.height; row++) {
    for (let col = 0; col < form.width; col++, pixel++) {
      const at = 4 * (place + row * image.width + col);
      paint(form, (i) => (valueAt(form, values, i) - least) / high, pixel, image.data, at);
    }
  }
}

// Signed: 0 is mid-grey. Else ink on paper, or light.
function shadeOfGrey(form, value, pixel, data, at) {
  const relative = value(pixel);
  const light = form.isSigned ? 0.5 + 0.5 * relative : form.is_bright ? relative : 1 - relative;
  data[at] = data[at + 1] = data[at + 2] = 255 * light; // the array rounds, and cuts off
  data[at + 3] = 255;
}

// Of brightness L, red against green a and blue against yellow b: the colour whose mean is L, whose
// R - G is a, and whose B - (R + G) / 2 is b.
function shadeOfColour(form, value, pixel, data, at) {
  const [x, y, z] = [0, 1, 2].map((i) => value(3 * pixel + i));
  const isOpponent = form.colours === "opponent";
  const rgb = isOpponent ? [x + y / 2 - z / 3, x - y / 2 - z / 3, x + z * 2 / 3] : [x, y, z];
  const isAboutGrey = isOpponent || form.isSigned;
  rgb.forEach((part, i) => { data[at + i] = 255 * (isAboutGrey ? 0.5 + 0.5 * part : part); });
  data[at + 3] = 255;
}

// Enlarged pixels stay squares; what is shown smaller than it is gets smooth.
function sharpen(canvas) {
  const shown = canvas.clientWidth * devicePixelRatio;
  canvas.style.imageRendering = shown >= 1.5 * canvas.width ? "pixelated" : "auto";
}

// ---------------------------------------------------------------- layers

// Colours by value, dark to light, in equal steps: Matplotlib's viridis and cividis.
const VIRIDIS = ["#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70",
  "#7ad151", "#bddf26", "#fde725"];
const CIVIDIS = ["#00224e", "#083370", "#35456c", "#4f576c", "#666970", "#7d7c78", "#948e77", "#aea371",
  "#c8b866", "#e5cf52", "#fee838"];
// Those of label maps (label_map.py): ten that hold in grey, and for colour-blind people.
const CLASS_COLOURS = ["#1e919c", "#f9ce48", "#930e4d", "#9fc4f6", "#5e4d98", "#fd9269", "#577e00",
  "#daedc1", "#473c03", "#b186ff"];
// What has no value; of orientations, as in their figure.
const WITHOUT = "#ffffff";
const NO_ANGLE = "#1c1c1c";
// What a layer measures at least, in pixels, on its longer side; and what can be written into a unit.
const LAYER_SIDE = 1120;
const READABLE = 14;

// The scale of a layer of one or several maps: what its colours stand for, from ``low`` to ``high``, or
// its ``classes``.
function scaleOfLayer(...layers) {
  const { scale } = layers[0];
  const values = layers.flatMap((layer) => layer.values).filter((value) => value !== null);
  values.sort((a, b) => a - b);
  if (scale === "classes") return { classes: [...new Set(values)] };
  if (scale === "angles") return { low: 0, high: 180 };
  if (scale === "logarithmic") return { low: 1, high: Math.max(values.at(-1) ?? 0, 10) };
  // As in figures: a few units without a pattern would leave the rest in one colour.
  const at = (share) => values[Math.round(share * (values.length - 1))] ?? 0;
  return { low: at(0.01), high: at(0.99) };
}

// Draw a layer, a rectangle each unit, of the shape that prototypes have.
function drawLayer(canvas, map, layer, scale) {
  const { grid } = map;
  const [across, down] = cellOf(map);
  const enlarged = Math.max(1, Math.round(LAYER_SIDE / Math.max(grid.cols * across, grid.rows * down)));
  const [width, height] = [enlarged * across, enlarged * down];
  Object.assign(canvas, { width: grid.cols * width, height: grid.rows * height });
  const context = canvas.getContext("2d");
  layer.values.forEach((value, unit) => {
    const [x, y] = [unit % grid.cols * width, Math.floor(unit / grid.cols) * height];
    context.fillStyle = colourOf(layer, scale, value);
    context.fillRect(x, y, width, height);
    const side = Math.min(width, height);
    const mark = MARKS[layer.scale];
    if (mark && value !== null && side >= READABLE) {
      mark(context, value, side, x + width / 2, y + height / 2);
    }
  });
}

function colourOf(layer, scale, value) {
  if (value === null) return layer.scale === "angles" ? NO_ANGLE : WITHOUT;
  if (layer.scale === "logarithmic" && value <= 0) return WITHOUT;
  if (layer.scale === "classes") {
    return CLASS_COLOURS[scale.classes.indexOf(value) % CLASS_COLOURS.length];
  }
  if (layer.scale === "angles") return turningColour(value * Math.PI / 90);
  const [at, low, high] = layer.scale === "logarithmic"
    ? [value, scale.low, scale.high].map(Math.log) : [value, scale.low, scale.high];
  return between(coloursOf(layer), high > low ? (at - low) / (high - low) : 0);
}

const coloursOf = (layer) => (layer.scale === "logarithmic" ? VIRIDIS : CIVIDIS);

// The colour at a place, 0 to 1, along some.
function between(colours, place) {
  const along = Math.min(1, Math.max(0, place)) * (colours.length - 1);
  const first = Math.min(Math.floor(along), colours.length - 2);
  const [one, other] = [colours[first], colours[first + 1]].map(rgbOf);
  return `rgb(${one.map((part, i) => Math.round(part + (along - first) * (other[i] - part)))})`;
}

const rgbOf = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));

// The colour of an angle, in radians, of those in topodream.pictures.cyclic: a circle in OKLab.
function turningColour(angle) {
  const [light, chroma] = [0.69 + 0.12 * Math.cos(angle - 160 * Math.PI / 180), 0.125];
  return `oklab(${light} ${chroma * Math.cos(angle)} ${chroma * Math.sin(angle)})`;
}

// What a unit's colour says is said otherwise too: its class is written, its orientation is a bar.
const MARKS = {
  classes(context, value, side, x, y) {
    context.fillStyle = isDark(context.fillStyle) ? "#ffffff" : "#000000";
    context.font = `600 ${Math.round(0.62 * side)}px system-ui, sans-serif`;
    Object.assign(context, { textAlign: "center", textBaseline: "middle" });
    context.fillText(String(value), x, y + 0.04 * side);
  },
  angles(context, value, side, x, y) {
    const turned = value * Math.PI / 180;
    const [across, up] = [0.36 * side * Math.cos(turned), 0.36 * side * Math.sin(turned)];
    Object.assign(context, { lineWidth: side / 9, lineCap: "round", strokeStyle: "#ffffffcc" });
    context.beginPath();
    context.moveTo(x - across, y + up);
    context.lineTo(x + across, y - up);
    context.stroke();
  },
};

// Whether white is read better on it than black: by its relative luminance, as WCAG 2 defines it.
function isDark(colour) {
  const linear = rgbOf(colour).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.18;
}
