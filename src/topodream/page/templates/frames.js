// The frames of moving pictures, from the scripts beside GIFs: see player.py.

class Frames {
  static KEPT = 3; // groups: where one is, where one goes next, where one was

  constructor({ palette, ...rest }) {
    Object.assign(this, rest);
    this.palette = bytesOf(palette);
    // As canvases hold them, 0xAABBGGRR: every machine that runs a browser is little-endian.
    this.colours = Uint32Array.from({ length: 256 }, (_, index) => {
      const [red, green, blue] = this.palette.subarray(3 * index);
      return 0xff000000 | (blue << 16) | (green << 8) | red;
    });
    this.unpacked = new Map(); // number of a group -> promise of its frames; the last used comes last
  }

  get length() { return this.delays.length; }

  // Return (a promise of) the palette indices of a frame.
  async at(number) {
    const own = Math.floor(number / this.every);
    const size = this.width * this.height;
    const start = (number % this.every) * size;
    const frames = await this.group(own);
    return frames.subarray(start, start + size);
  }

  // Unpack the group after a frame's, before it is needed.
  prepare(number) {
    this.group((Math.floor(number / this.every) + 1) % this.groups.length);
  }

  group(number) {
    const found = this.unpacked.get(number) ?? this.unpack(this.groups[number]);
    this.unpacked.delete(number);
    this.unpacked.set(number, found);
    if (this.unpacked.size > Frames.KEPT) this.unpacked.delete(this.unpacked.keys().next().value);
    return found;
  }

  // A frame holds what it adds to the one before; a row of it, by_rows, what it adds to the row above.
  async unpack(group) {
    const frames = await inflate(group);
    const { width, height, by_rows } = this;
    const size = width * height;
    for (let start = 0; start < frames.length; start += size) {
      const end = start + size;
      if (by_rows) for (let at = start + width; at < end; at++) frames[at] += frames[at - width];
      if (start > 0) for (let at = start; at < end; at++) frames[at] += frames[at - size];
    }
    return frames;
  }
}
