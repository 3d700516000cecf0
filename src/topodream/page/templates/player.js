// The player of moving pictures: pause, go to a frame, other speeds, save as a GIF.

class Player {
  // Put a player in a figure whose data-script names the script that holds its frames.
  constructor(figure) {
    this.figure = figure;
    this.playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.number = 0;
    this.visible = false;
    this.build();
    // Nothing is loaded before it can be seen, and nothing moves that can't.
    this.observer = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
      if (this.visible) this.load();
      this.schedule();
    });
    this.observer.observe(this.canvas);
  }

  build() {
    const { width, height, of, kind } = this.figure.dataset;
    const picture = (kind || "sequence").replace(".gif", "");
    const name = `${of}, ${picture}`;
    this.file = `${of}-${picture}.gif`;
    this.canvas = h("canvas", { width, height, tabIndex: 0, role: "img",
      ariaLabel: `${name}: space plays or pauses, arrow keys go from frame to frame` });
    this.button = h("button", { type: "button", className: "play" });
    const ariaLabel = `frame of ${name}`;
    this.slider = h("input", { type: "range", min: 0, max: 0, value: 0, ariaLabel });
    this.speed = h("select", { ariaLabel: `speed of ${name}` },
      ...[0.25, 0.5, 1, 2, 4].map((factor) =>
        h("option", { value: factor, selected: factor === 1 }, `${factor} ×`)));
    this.output = h("output", {}, "loading");
    const title = "made of the frames, in this browser";
    this.saving = h("button", { type: "button", className: "site-only", title }, "Save as GIF");
    this.box = h("div", { className: "player" }, this.canvas,
      h("div", { className: "controls" }, this.button, this.slider, this.output, this.speed,
        this.saving));
    this.button.onclick = () => this.toggle();
    this.canvas.onclick = () => this.toggle();
    this.slider.oninput = () => this.go(Number(this.slider.value));
    this.speed.onchange = () => this.schedule();
    this.saving.onclick = () => this.save();
    this.box.onkeydown = (event) => this.key(event);
    this.figure.prepend(this.box);
    this.say();
  }

  async load() {
    if (this.loading) return;
    this.loading = true;
    try {
      const frames = new Frames(await loadScript(this.figure.dataset.script));
      await frames.at(0); // what can't be unpacked is said below
      this.frames = frames;
      this.image = new ImageData(frames.width, frames.height);
      this.slider.max = frames.length - 1;
      this.draw();
      this.schedule();
    } catch (error) {
      this.output.value = `can't be played: ${error.message}`;
    }
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.target !== this.canvas || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") this.toggle();
    else if (step) this.go(this.number + step);
    else return;
    event.preventDefault(); // space would scroll the page
  }

  toggle() {
    this.playing = !this.playing;
    this.say();
    this.schedule();
  }

  // Stop at a frame.
  go(number) {
    if (!this.frames) return;
    this.playing = false;
    this.number = (number + this.frames.length) % this.frames.length;
    this.say();
    this.schedule();
    this.draw();
  }

  // Show the next frame when its time has come, if it is to move at all.
  schedule() {
    clearTimeout(this.timer);
    if (!this.playing || !this.visible || !this.frames) return;
    this.frames.prepare(this.number);
    this.timer = setTimeout(() => {
      this.number = (this.number + 1) % this.frames.length;
      this.draw();
      this.schedule();
    }, this.frames.delays[this.number] / Number(this.speed.value));
  }

  draw() {
    this.slider.value = this.number;
    const text = `${this.number + 1} / ${this.frames.length}`;
    this.slider.ariaValueText = `frame ${text}`;
    this.output.value = text;
    this.painted = this.paint(this.number);
  }

  // Frames that are far from the last one have to be unpacked first.
  async paint(number) {
    const asked = (this.asked = (this.asked ?? 0) + 1);
    const pixels = await this.frames.at(number);
    if (asked < this.shown) return; // a later one was there before
    this.shown = asked;
    const colours = new Uint32Array(this.image.data.buffer);
    for (let at = 0; at < pixels.length; at++) colours[at] = this.frames.colours[pixels[at]];
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
  }

  async save() {
    if (!this.frames || this.saving.disabled) return;
    const text = this.saving.textContent;
    this.saving.disabled = true;
    const gif = await gifOf(this.frames, (number) => {
      this.saving.textContent = `${Math.floor((100 * number) / this.frames.length)} %`;
    });
    const link = h("a", { href: URL.createObjectURL(gif), download: this.file });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // by then it is read
    Object.assign(this.saving, { disabled: false, textContent: text });
  }

  say() {
    this.button.textContent = this.playing ? "Pause" : "Play";
  }

  remove() {
    this.observer.disconnect();
    this.visible = false;
    this.schedule();
    this.box.remove();
  }
}
