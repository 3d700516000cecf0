// The clock by which moving pictures move: play, pause, go to a frame, other speeds. Pictures that are
// compared share one, and show the same frame.

class Clock {
  static shared = new WeakMap(); // what holds several players -> their clock

  static of(place, name) {
    if (!Clock.shared.has(place)) Clock.shared.set(place, new Clock(name));
    return Clock.shared.get(place);
  }

  // The name says what moves.
  constructor(name) {
    this.players = new Set();
    this.number = 0;
    this.playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    const ariaLabel = `frame of ${name}`;
    this.button = h("button", { type: "button", className: "play" });
    this.slider = h("input", { type: "range", min: 0, max: 0, value: 0, ariaLabel });
    this.speed = h("select", { ariaLabel: `speed of ${name}` },
      ...[0.25, 0.5, 1, 2, 4].map((factor) =>
        h("option", { value: factor, selected: factor === 1 }, `${factor} ×`)));
    this.output = h("output", {}, "loading");
    this.controls = h("div", { className: "controls" },
      this.button, this.slider, this.output, this.speed);
    this.button.onclick = () => this.toggle();
    this.slider.oninput = () => this.go(Number(this.slider.value));
    this.speed.onchange = () => this.schedule();
    this.say();
  }

  join(player) {
    this.players.add(player);
  }

  leave(player) {
    this.players.delete(player);
    this.schedule();
    if (this.players.size === 0) this.controls.remove();
  }

  // Those that have their frames and are in sight: nothing moves that can't be seen.
  get moving() {
    return [...this.players].filter((player) => player.visible && player.length > 0);
  }

  // As many frames as the longest has; a shorter one stays at its last.
  get length() {
    return Math.max(0, ...[...this.players].map((player) => player.length));
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
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
    if (this.length === 0) return;
    this.playing = false;
    this.number = (number + this.length) % this.length;
    this.say();
    this.schedule();
    this.draw();
  }

  // Show the next frame when its time has come, if it is to move at all.
  schedule() {
    clearTimeout(this.timer);
    const { moving } = this;
    if (!this.playing || moving.length === 0) return;
    for (const { frames } of moving) frames.prepare(Math.min(this.number, frames.length - 1));
    const { delays } = moving[0].frames;
    this.timer = setTimeout(() => {
      this.number = (this.number + 1) % this.length;
      this.draw();
      this.schedule();
    }, delays[Math.min(this.number, delays.length - 1)] / Number(this.speed.value));
  }

  // Draw the frame at which the clock stands, and say which it is.
  draw() {
    for (const player of this.moving) player.draw(Math.min(this.number, player.length - 1));
    this.slider.max = Math.max(0, this.length - 1);
    this.slider.value = this.number;
    const text = `${this.number + 1} / ${this.length}`;
    this.slider.ariaValueText = `frame ${text}`;
    this.output.value = text;
  }

  say() {
    this.button.textContent = this.playing ? "Pause" : "Play";
  }
}
