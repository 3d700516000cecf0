// The player of moving pictures, which a clock moves; it saves them as a GIF.

class Player {
  // Put a player in a figure whose data-script names the script that holds its frames.
  constructor(figure) {
    this.figure = figure;
    this.visible = false;
    this.build();
    // Nothing is loaded before it can be seen, and nothing moves that can't.
    this.observer = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
      if (this.visible) this.load();
      this.changed();
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
    const title = "made of the frames, in this browser";
    this.saving = h("button", { type: "button", className: "site-only", title }, "Save as GIF");
    this.box = h("div", { className: "player" }, this.canvas);
    this.figure.prepend(this.box);
    const shared = this.figure.closest(".one-clock");
    this.clock = shared ? Clock.of(shared, `both, ${picture}`) : new Clock(name);
    this.clock.join(this);
    (shared ?? this.box).append(this.clock.controls);
    (shared ? this.box : this.clock.controls).append(this.saving);
    this.canvas.onclick = () => this.clock.toggle();
    this.canvas.onkeydown = (event) => this.clock.key(event);
    this.saving.onclick = () => this.save();
  }

  async load() {
    if (this.loading) return;
    this.loading = true;
    try {
      const frames = new Frames(await loadScript(this.figure.dataset.script));
      await frames.at(0); // what can't be unpacked is said below
      this.frames = frames;
      this.image = new ImageData(frames.width, frames.height);
      this.changed();
    } catch (error) {
      this.box.append(h("p", { className: "warning" }, `can't be played: ${error.message}`));
    }
  }

  // It has its frames now, or has come into sight or out of it.
  changed() {
    if (this.visible && this.frames) this.clock.draw();
    this.clock.schedule();
  }

  get length() {
    return this.frames?.length ?? 0;
  }

  draw(number) {
    this.painted = this.paint(number);
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
    try {
      saveFile(this.file, await gifOf(this.frames, (number) => {
        this.saving.textContent = `${Math.floor((100 * number) / this.frames.length)} %`;
      }));
    } catch (error) {
      this.box.append(h("p", { className: "warning" }, `It can't be saved: ${error.message}`));
    } finally {
      Object.assign(this.saving, { disabled: false, textContent: text });
    }
  }

  remove() {
    this.observer.disconnect();
    this.visible = false;
    this.clock.leave(this);
    this.box.remove();
  }
}
