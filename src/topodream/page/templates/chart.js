// A chart as SVG: two axes, lines, bands, points to walk through, and what each of them is.

const MARGIN = { left: 58, right: 14, top: 26, bottom: 42 };
const sizeOf = (kind) => ({ seed: 4, point: 3 }[kind] ?? 5); // radius of a point

// Shapes of a point of radius r, by which series are told apart where colours aren't.
const SHAPES = [
  (r) => `M${r} 0A${r} ${r} 0 1 1 ${-r} 0A${r} ${r} 0 1 1 ${r} 0Z`,
  (r) => polygon([[-1, -1], [1, -1], [1, 1], [-1, 1]], 0.88 * r),
  (r) => polygon([[0, -1.2], [1.1, 0.8], [-1.1, 0.8]], r),
  (r) => polygon([[0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]], r),
  (r) => polygon([[0, 1.2], [1.1, -0.8], [-1.1, -0.8]], r),
  (r) => polygon(PLUS, r),
  (r) => polygon(PLUS.map(([x, y]) => [(x - y) / 1.41, (x + y) / 1.41]), r),
  (r) => polygon([[-1.3, -0.5], [1.3, -0.5], [1.3, 0.5], [-1.3, 0.5]], r),
  (r) => polygon([[-1, -1.1], [1, -1.1], [-1, 1.1], [1, 1.1]], r),
  (r) => polygon([[-0.5, -1.3], [0.5, -1.3], [0.5, 1.3], [-0.5, 1.3]], r),
  (r) => polygon([[-1.1, -1], [-1.1, 1], [1.1, -1], [1.1, 1]], r),
];
const PLUS = [
  [-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4],
  [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4],
];
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 4", "4 2", "9 3 2 3 2 3"];
const polygon = (corners, r) => `M${corners.map(([x, y]) => `${hundredth(x * r)} ${hundredth(y * r)}`).join("L")}Z`;
const hundredth = (value) => Math.round(100 * value) / 100;

// The style of the n-th series: a colour, a shape, a dash. As there are six, eleven and seven of them,
// no two of the first 66 have colour and shape in common, and no two of the first 42 colour and dash.
function styleOf(number) {
  const of = (list) => list[number % list.length];
  return { colour: `series-${1 + (number % 6)}`, shape: of(SHAPES), dash: of(DASHES) };
}

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// ---------------------------------------------------------------- axes

// An axis from pixel `from` to pixel `to` that holds all values: place(value), ticks.
function axisOf(values, { log = false, form = "" }, from, to, room) {
  const [scale, back] = log ? [Math.log10, (power) => 10 ** power] : [Number, Number];
  let [least, most] = [Math.min(...values), Math.max(...values)].map(scale);
  const beside = (most - least) / 25 || (log ? 0.1 : Math.abs(most) / 10 || 1);
  [least, most] = [least - beside, most + beside];
  const place = (value) => hundredth(from + (scale(value) - least) / (most - least) * (to - from));
  const count = Math.max(2, Math.floor(Math.abs(to - from) / room));
  const numbers = log ? logTicks(least, most, count) : linearTicks(least, most, count);
  const [first, last] = [back(least), back(most)];
  const within = numbers.filter((value) => value >= first && value <= last);
  return { place, ticks: within.map((value) => ({ at: place(value), text: tickText(value, form) })) };
}

// At most `count` round numbers and one more from `first` to `last`.
function linearTicks(first, last, count) {
  const rough = (last - first) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  const numbers = [];
  for (let n = Math.ceil(first / step); n <= Math.floor(last / step); n += 1) {
    numbers.push(Number((n * step).toPrecision(12)));
  }
  return numbers;
}

// Powers of ten, every so many; where these are few 2 and 5 times as much, or any round numbers.
function logTicks(first, last, count) {
  const decades = last - first;
  if (decades < 0.7) return linearTicks(10 ** first, 10 ** last, count);
  const factors = 3 * decades <= count ? [1, 2, 5] : 2 * decades <= count ? [1, 3] : [1];
  const every = Math.max(1, Math.ceil(decades / count));
  const numbers = [];
  for (let power = Math.floor(first); power <= Math.ceil(last); power += 1) {
    if (power % every === 0) numbers.push(...factors.map((one) => Number(`${one}e${power}`)));
  }
  return numbers;
}

function tickText(value, form) {
  if (form.endsWith("%")) return `${Number((100 * value).toPrecision(6))} %`;
  const power = Math.floor(Math.log10(Math.abs(value)));
  if (value !== 0 && (power >= 5 || power < -4)) {
    const factor = Number((value / 10 ** power).toPrecision(6));
    const raised = [...String(power)].map((digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]);
    return `${factor === 1 ? "" : `${factor} · `}10${raised.join("")}`;
  }
  return String(Number(value.toPrecision(6)));
}

// ---------------------------------------------------------------- the chart

// A chart in an element. show() takes
//   label: what is seen, in a line;  x, y: {label, log, form};
//   along: whether arrow keys go along each series, or else from point to point of all;
//   series: [{style, line, thin, band, points}]: line and each of thin are [[x, y], ...], band
//     [[x, low, high], ...], where null is a gap; points [{x, y, text, href, kind}];
//   references: [{y, text}].
class Chart {
  constructor(place) {
    this.place = place;
    this.ring = svg("circle", { class: "ring", r: 9 }); // above all points, about the one that is named
    this.tip = h("div", { className: "tip", hidden: true, ariaHidden: "true" });
    this.width = 0;
    new ResizeObserver(() => {
      if (this.content && Math.abs(place.clientWidth - this.width) > 1) this.draw();
    }).observe(place);
    place.addEventListener("keydown", (event) => this.key(event));
  }

  show(content) {
    this.content = content;
    this.points = content.series.flatMap((one, series) =>
      one.points.map((point) => ({ ...point, series, style: one.style })));
    this.draw();
  }

  draw() {
    const { label, x, y, series, references = [] } = this.content;
    this.width = this.place.clientWidth;
    if (this.width === 0) return; // not to be seen: drawn when it is
    const height = Math.round(Math.min(460, Math.max(300, 0.6 * this.width)));
    const [right, bottom] = [this.width - MARGIN.right, height - MARGIN.bottom];
    const all = allNumbers(series, references);
    const can = (axis) => (value) => value !== null && (!axis.log || value > 0);
    this.x = axisOf(all.x.filter(can(x)), x, MARGIN.left, right, 80);
    this.y = axisOf(all.y.filter(can(y)), y, bottom, MARGIN.top, 48);
    this.bottom = bottom;
    const group = svg("svg", { class: "chart", role: "group", "aria-label": label,
      width: this.width, height, viewBox: `0 0 ${this.width} ${height}` });
    group.append(...this.axes(right, bottom), ...references.flatMap((one) => this.reference(one, right)),
      ...series.flatMap((one) => this.lines(one)), ...this.marks(), this.ring);
    this.place.replaceChildren(group, this.tip);
    this.unname();
  }

  axes(right, bottom) {
    const { x, y } = this.content;
    const across = this.y.ticks.map(({ at }) => `M${MARGIN.left} ${at}H${right}`).join("");
    const up = this.x.ticks.map(({ at }) => `M${at} ${MARGIN.top}V${bottom}`).join("");
    const named = (axis) => axis.label + (axis.log ? " (log)" : "");
    return [
      svg("path", { class: "grid", d: across + up }),
      svg("path", { class: "axis", d: `M${MARGIN.left} ${MARGIN.top}V${bottom}H${right}` }),
      ...this.x.ticks.map(({ at, text }) =>
        svg("text", { x: at, y: bottom + 16, "text-anchor": "middle" }, text)),
      ...this.y.ticks.map(({ at, text }) =>
        svg("text", { x: MARGIN.left - 6, y: at + 4, "text-anchor": "end" }, text)),
      svg("text", { class: "title", x: right, y: bottom + 35, "text-anchor": "end" }, named(x)),
      svg("text", { class: "title", x: 0, y: 13 }, named(y)),
    ];
  }

  reference({ y, text }, right) {
    const at = this.y.place(y);
    return [svg("path", { class: "reference", d: `M${MARGIN.left} ${at}H${right}` }),
      svg("text", { class: "reference", x: right, y: at - 4, "text-anchor": "end" }, text)];
  }

  lines({ style, line = [], thin = [], band = [] }) {
    const drawn = thin.map((one) => svg("path", { class: `thin ${style.colour}`, d: this.path(one) }));
    if (band.length > 0) drawn.push(svg("path", { class: `band ${style.colour}`, d: this.area(band) }));
    if (line.length > 0) {
      drawn.push(svg("path", { class: `line ${style.colour}`, d: this.path(line),
        "stroke-dasharray": style.dash }));
    }
    return drawn;
  }

  path(line) {
    return stretches(line, ([, y]) => this.can(y)).map((run) =>
      `M${run.map(([x, y]) => `${this.x.place(x)} ${this.y.place(y)}`).join("L")}`).join("");
  }

  // On a logarithmic axis what reaches 0 or below reaches down to the axis.
  area(band) {
    const low = (value) => (this.can(value) ? this.y.place(value) : this.bottom);
    return stretches(band, ([, , high]) => this.can(high)).map((run) => {
      const above = run.map(([x, , high]) => `${this.x.place(x)} ${this.y.place(high)}`);
      const below = run.map(([x, least]) => `${this.x.place(x)} ${low(least)}`).reverse();
      return `M${[...above, ...below].join("L")}Z`;
    }).join("");
  }

  can(value) {
    return value !== null && (!this.content.y.log || value > 0);
  }

  // Points are links; one of them is in the order of the tab key, arrows lead to the others.
  marks() {
    this.points.forEach((point, number) => {
      const { x, y, text, href, kind = "", style } = point;
      const at = `translate(${this.x.place(x)} ${this.y.place(y)})`;
      point.mark = svg("a", { class: `mark ${style.colour} ${kind}`, href, transform: at,
        tabindex: number === 0 ? 0 : -1, "aria-label": text },
      svg("circle", { class: "around", r: 9 }), svg("path", { d: style.shape(sizeOf(kind)) }));
      point.mark.addEventListener("pointerenter", () => this.name(point));
      point.mark.addEventListener("pointerleave", () => this.unname());
      point.mark.addEventListener("focus", () => this.name(point));
      point.mark.addEventListener("blur", () => this.unname());
      point.mark.addEventListener("click", (event) => this.tapped(event, point));
    });
    return this.points.map(({ mark }) => mark);
  }

  name(point) {
    const [left, top] = [this.x.place(point.x), this.y.place(point.y)];
    const isRight = left > this.width / 2;
    this.tip.textContent = point.text;
    this.tip.style.top = `${top}px`;
    this.tip.style.left = isRight ? "auto" : `${left}px`;
    this.tip.style.right = isRight ? `${this.width - left}px` : "auto";
    this.tip.style.maxWidth = `${(isRight ? left : this.width - left) - 12}px`;
    this.tip.hidden = false;
    this.ring.setAttribute("transform", point.mark.getAttribute("transform"));
    this.ring.setAttribute("visibility", "visible");
  }

  unname() {
    this.tip.hidden = true;
    this.ring.setAttribute("visibility", "hidden");
  }

  // A finger can't hover: its first tap names a point, the second one follows.
  tapped(event, point) {
    const isTold = this.told === point;
    this.told = point;
    if (event.pointerType === "touch" && !isTold) event.preventDefault();
  }

  key(event) {
    const here = this.points?.find(({ mark }) => mark === document.activeElement);
    if (event.key === "Escape") this.unname();
    if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = this.next(here, event.key);
    if (!next) return;
    event.preventDefault();
    here.mark.setAttribute("tabindex", -1);
    next.mark.setAttribute("tabindex", 0);
    next.mark.focus();
  }

  next(here, key) {
    const { along } = this.content;
    const beside = this.points.filter((one) => !along || one.series === here.series);
    const above = this.points.filter((one) => !along || one.x === here.x);
    beside.sort((a, b) => a.x - b.x || a.y - b.y);
    above.sort((a, b) => a.y - b.y || a.x - b.x);
    const beyond = (list, step) => list[list.indexOf(here) + step] ?? here;
    return {
      ArrowRight: () => beyond(beside, 1),
      ArrowLeft: () => beyond(beside, -1),
      ArrowUp: () => beyond(above, 1),
      ArrowDown: () => beyond(above, -1),
      Home: () => beside[0],
      End: () => beside.at(-1),
    }[key]?.();
  }
}

function allNumbers(series, references) {
  const x = [], y = references.map((one) => one.y);
  for (const { line = [], thin = [], band = [], points } of series) {
    for (const [at, ...numbers] of [...line, ...thin.flat(), ...band]) {
      x.push(at);
      y.push(...numbers);
    }
    for (const point of points) {
      x.push(point.x);
      y.push(point.y);
    }
  }
  return { x, y };
}

// The stretches of a list of which all hold something.
function stretches(list, holds) {
  const found = [[]];
  for (const one of list) {
    if (holds(one)) found.at(-1).push(one);
    else if (found.at(-1).length > 0) found.push([]);
  }
  return found.filter((run) => run.length > 0);
}
