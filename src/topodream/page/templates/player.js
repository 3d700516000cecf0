// The player of GIFs: pause, go to a frame, other speeds.
// Its bytes come from a script beside the GIF, see player.py.

function loadGif(script) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = script;
    element.deliver = (packed) => resolve(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)));
    element.onerror = () => reject(new Error(`${script} is missing`));
    element.onload = () => element.remove();
    document.head.append(element);
  });
}

window.deliverGif = (packed) => document.currentScript.deliver(packed);

class Player {
  // Put a player in a figure whose data-script names the script that holds its GIF.
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
    const name = `${of}, ${(kind || "sequence").replace(".gif", "")}`;
    this.canvas = h("canvas", { width, height, tabIndex: 0, role: "img",
      ariaLabel: `${name}: space plays or pauses, arrow keys go from frame to frame` });
    this.button = h("button", { type: "button", className: "play" });
    const ariaLabel = `frame of ${name}`;
    this.slider = h("input", { type: "range", min: 0, max: 0, value: 0, ariaLabel });
    this.speed = h("select", { ariaLabel: `speed of ${name}` },
      ...[0.25, 0.5, 1, 2, 4].map((factor) =>
        h("option", { value: factor, selected: factor === 1 }, `${factor} ×`)));
    this.output = h("output", {}, "loading");
    this.box = h("div", { className: "player" }, this.canvas,
      h("div", { className: "controls" }, this.button, this.slider, this.output, this.speed));
    this.button.onclick = () => this.toggle();
    this.canvas.onclick = () => this.toggle();
    this.slider.oninput = () => this.go(Number(this.slider.value));
    this.speed.onchange = () => this.schedule();
    this.box.onkeydown = (event) => this.key(event);
    this.figure.prepend(this.box);
    this.say();
  }

  async load() {
    if (this.loading) return;
    this.loading = true;
    try {
      const bytes = await loadGif(this.figure.dataset.script);
      this.pictures = new GifPictures(bytes);
      this.frames = this.pictures.gif.frames;
      this.image = new ImageData(this.canvas.width, this.canvas.height);
      this.slider.max = this.frames.length - 1;
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
    this.timer = setTimeout(() => {
      this.number = (this.number + 1) % this.frames.length;
      this.draw();
      this.schedule();
    }, this.frames[this.number].delay / Number(this.speed.value));
  }

  draw() {
    new Uint32Array(this.image.data.buffer).set(this.pictures.at(this.number));
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
    this.slider.value = this.number;
    const text = `${this.number + 1} / ${this.frames.length}`;
    this.slider.ariaValueText = `frame ${text}`;
    this.output.value = text;
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
