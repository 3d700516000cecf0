// The pad: where one draws, and how a drawing becomes a sample.

// Pixels of the pad's longer side; how wide the pen is, as a share of it.
const PAD = 448;
const PEN = 1 / 13;
// Points along each side of a pixel of the sample, whose mean it is.
const POINTS = 4;
// MNIST's digits: fitted into a square of 20 pixels, their centre of mass where they have it. What is
// drawn small isn't enlarged more than twice: its lines would be as broad as nobody writes.
const MNIST = { side: 28, box: 20, centre: 14.5, mostEnlarged: 2 };

class Pad {
  // onDrawn is called with the sample while one draws. Samples can always be shown.
  constructor(canvas, onDrawn) {
    Object.assign(this, { canvas, onDrawn, isBlank: true, form: null });
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    canvas.onpointerdown = (event) => this.begin(event);
    canvas.onpointermove = (event) => this.move(event);
    canvas.onpointerup = canvas.onpointercancel = () => { this.at = null; };
  }

  // Make it ready for samples of a map: does one draw them?
  fit(map) {
    const { form, samples } = map;
    this.form = form;
    this.isAsMnist = form.height === MNIST.side && form.width === MNIST.side && !samples.is_sequence;
    this.draws = canDraw(form) && whySilent(map) === null;
    const enlarged = PAD / Math.max(form.height, form.width);
    this.canvas.width = Math.round(enlarged * form.width);
    this.canvas.height = Math.round(enlarged * form.height);
    this.canvas.classList.toggle("drawable", this.draws);
  }

  show(values) {
    const small = document.createElement("canvas");
    drawValues(small, this.form, values);
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(small, 0, 0, this.canvas.width, this.canvas.height);
    this.isBlank = false;
    this.isOwn = false;
  }

  clear() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.isBlank = this.isOwn = true;
  }

  begin(event) {
    if (!this.draws || event.button !== 0 || !event.isPrimary) return;
    if (!this.isOwn) this.clear(); // a sample makes room
    this.canvas.setPointerCapture(event.pointerId);
    this.at = this.place(event);
    this.line([this.at]);
  }

  move(event) {
    if (!this.at || !event.isPrimary) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    this.line((passed.length ? passed : [event]).map((each) => this.place(each)));
  }

  place({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [(clientX - box.left) / box.width * this.canvas.width,
      (clientY - box.top) / box.height * this.canvas.height];
  }

  // Draw from where the pen is through some places; of one place alone a dot.
  line(places) {
    const { context, canvas, form } = this;
    Object.assign(context, { lineCap: "round", lineJoin: "round", strokeStyle: "#000000" });
    const longer = Math.max(canvas.width, canvas.height);
    context.lineWidth = longer * Math.max(PEN, 1 / Math.max(form.width, form.height));
    context.beginPath();
    context.moveTo(...this.at);
    for (const place of places) context.lineTo(...place);
    context.stroke();
    this.at = places.at(-1);
    this.isBlank = false;
    this.onDrawn();
  }

  // The drawing as a sample.
  get sample() {
    const { data, width, height } = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    const ink = { width, height, at: (x, y) => data[4 * (y * width + x) + 3] / 255 };
    if (this.isBlank) return new Float32Array(this.form.nInputs);
    return this.isAsMnist ? asMnist(ink) : sampled(ink, this.form, width / this.form.width, [0, 0], [0, 0]);
  }
}

// One draws what is ink on paper; photographs and colours one doesn't.
const canDraw = ({ nColours, is_bright }) => nColours === 1 && !is_bright;

// Return pixels of a form, each the mean of the ink in its square: ``step`` is how many pixels of the ink
// one of these is wide, and ``from`` in the ink comes to stand at ``to``. Outside there is none.
function sampled(ink, { width, height }, step, from, to) {
  const values = new Float32Array(width * height);
  for (let row = 0, pixel = 0; row < height; row++) {
    for (let col = 0; col < width; col++, pixel++) {
      for (let i = 0; i < POINTS ** 2; i++) {
        const [down, right] = [Math.floor(i / POINTS), i % POINTS].map((n) => (n + 0.5) / POINTS);
        const x = Math.floor(from[0] + (col + right - to[0]) * step);
        const y = Math.floor(from[1] + (row + down - to[1]) * step);
        if (x >= 0 && y >= 0 && x < ink.width && y < ink.height) values[pixel] += ink.at(x, y);
      }
      values[pixel] /= POINTS ** 2;
    }
  }
  return values;
}

// Return ink as MNIST's digits are.
function asMnist(ink) {
  let [left, right, top, bottom, sum, sumX, sumY] = [ink.width, -1, ink.height, -1, 0, 0, 0];
  for (let y = 0; y < ink.height; y++) {
    for (let x = 0; x < ink.width; x++) {
      const here = ink.at(x, y);
      if (here === 0) continue;
      [left, right, top, bottom] =
        [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      sum += here;
      sumX += here * (x + 0.5);
      sumY += here * (y + 0.5);
    }
  }
  const { side, box, centre, mostEnlarged } = MNIST;
  const fitted = Math.max(right - left + 1, bottom - top + 1) / box;
  const step = Math.max(fitted, ink.width / side / mostEnlarged);
  const form = { width: side, height: side };
  return sampled(ink, form, step, [sumX / sum, sumY / sum], [centre, centre]);
}
