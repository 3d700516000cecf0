// GIF: the parts of a file, and what its frames look like one after another.
// The format: GIF89a specification, CompuServe 1990; appendix F has its variant of LZW.

function parseGif(bytes) {
  const word = (at) => bytes[at] | (bytes[at + 1] << 8);
  // Colours as canvases hold them, 0xAABBGGRR: every machine that runs a browser is little-endian.
  const colour = (at) =>
    (0xff000000 | (bytes[at + 2] << 16) | (bytes[at + 1] << 8) | bytes[at]) >>> 0;
  const palette = (at, size) => Uint32Array.from({ length: size }, (_, i) => colour(at + 3 * i));
  const sizeOf = (flags) => (flags & 0x80 ? 2 << (flags & 7) : 0);
  const afterBlocks = (at) => {
    while (bytes[at]) at += bytes[at] + 1;
    return at + 1;
  };

  const gif = { width: word(6), height: word(8), frames: [] };
  const shared = palette(13, sizeOf(bytes[10]));
  let at = 13 + 3 * shared.length;
  let control = {};
  while (at < bytes.length && bytes[at] !== 0x3b) {
    if (bytes[at] === 0x21) { // an extension; of interest is the one that controls the next frame
      if (bytes[at + 1] === 0xf9) {
        control = {
          disposal: (bytes[at + 3] >> 2) & 7,
          delay: 10 * word(at + 4) || 100, // browsers, too, take none for a tenth of a second
          transparent: bytes[at + 3] & 1 ? bytes[at + 6] : -1,
        };
      }
      at = afterBlocks(at + 2);
    } else if (bytes[at] === 0x2c) {
      const flags = bytes[at + 9];
      const own = palette(at + 10, sizeOf(flags));
      gif.frames.push({
        disposal: 0, delay: 100, transparent: -1, ...control,
        left: word(at + 1), top: word(at + 3), width: word(at + 5), height: word(at + 7),
        interlaced: Boolean(flags & 0x40),
        palette: own.length ? own : shared,
        data: at + 10 + 3 * own.length,
      });
      control = {};
      at = afterBlocks(at + 11 + 3 * own.length);
    } else {
      throw new Error(`not a GIF: unknown block at byte ${at}`);
    }
  }
  return gif;
}

// Return the palette indices of a frame whose compressed data begin at a byte.
function unpackLzw(bytes, at, nPixels) {
  const pixels = new Uint8Array(nPixels);
  const least = bytes[at++];
  const clear = 1 << least;
  const prefix = new Uint16Array(4096);
  const suffix = new Uint8Array(4096);
  const lengths = new Uint16Array(4096).fill(1, 0, clear);
  for (let i = 0; i < clear; i++) suffix[i] = i;
  let [size, next, previous] = [least + 1, clear + 2, -1];
  let [bits, nBits, left, filled] = [0, 0, bytes[at++], 0];
  while (filled < nPixels) {
    while (nBits < size) {
      if (left === 0) {
        left = bytes[at++];
        if (!left) return pixels; // cut short: the rest stays as it is
      }
      bits |= bytes[at++] << nBits;
      nBits += 8;
      left--;
    }
    const code = bits & ((1 << size) - 1);
    bits >>>= size;
    nBits -= size;
    if (code === clear) {
      [size, next, previous] = [least + 1, clear + 2, -1];
      continue;
    }
    if (code === clear + 1) break;
    // A code that isn't known yet stands for the previous string and its own first pixel.
    const known = code < next;
    let walk = known ? code : previous;
    const end = filled + lengths[walk] + (known ? 0 : 1);
    let place = known ? end : end - 1;
    while (walk > clear) {
      pixels[--place] = suffix[walk];
      walk = prefix[walk];
    }
    pixels[filled] = suffix[walk];
    if (!known) pixels[end - 1] = pixels[filled];
    if (previous !== -1 && next < 4096) {
      prefix[next] = previous;
      suffix[next] = pixels[filled];
      lengths[next] = lengths[previous] + 1;
      next++;
      if (next === 1 << size && size < 12) size++;
    }
    filled = end;
    previous = code;
  }
  return pixels;
}

// Rows of an interlaced frame come in four passes.
function rowOrder(height, interlaced) {
  const passes = interlaced ? [[0, 8], [4, 8], [2, 4], [1, 2]] : [[0, 1]];
  const rows = [];
  for (const [first, step] of passes) {
    for (let row = first; row < height; row += step) rows.push(row);
  }
  return rows;
}

// The picture after each frame. Frames hold what changes, so one is built on those before;
// every KEPTth is kept, to go back to or on from.
class GifPictures {
  static KEPT = 25;

  constructor(bytes) {
    this.bytes = bytes;
    this.gif = parseGif(bytes);
    this.kept = new Map();
    this.start();
  }

  start() {
    this.number = -1;
    this.screen = new Uint32Array(this.gif.width * this.gif.height);
    this.before = null;
  }

  // Return the picture of a frame: its pixels, valid until the next call.
  at(number) {
    const from = Math.max(-1, ...[...this.kept.keys()].filter((key) => key <= number));
    if (number < this.number || from > this.number) {
      if (from === -1) this.start();
      else ({ screen: this.screen, before: this.before } = structuredClone(this.kept.get(from)));
      this.number = from;
    }
    while (this.number < number) this.advance();
    return this.screen;
  }

  advance() {
    const { frames } = this.gif;
    if (this.number >= 0) this.dispose(frames[this.number]);
    this.number++;
    const frame = frames[this.number];
    this.before = frame.disposal === 3 ? this.screen.slice() : null;
    this.draw(frame);
    if (this.number % GifPictures.KEPT === 0 && !this.kept.has(this.number)) {
      this.kept.set(this.number, { screen: this.screen.slice(), before: this.before });
    }
  }

  draw(frame) {
    const pixels = unpackLzw(this.bytes, frame.data, frame.width * frame.height);
    rowOrder(frame.height, frame.interlaced).forEach((row, i) => {
      let to = (frame.top + row) * this.gif.width + frame.left;
      for (let from = i * frame.width; from < (i + 1) * frame.width; from++, to++) {
        if (pixels[from] !== frame.transparent) this.screen[to] = frame.palette[pixels[from]];
      }
    });
  }

  // What a frame leaves behind: itself (0, 1), nothing where it was (2), what was before it (3).
  dispose(frame) {
    if (frame.disposal === 3) this.screen = this.before;
    if (frame.disposal !== 2) return;
    for (let row = frame.top; row < frame.top + frame.height; row++) {
      const from = row * this.gif.width + frame.left;
      this.screen.fill(0, from, from + frame.width);
    }
  }
}
