// A GIF made of frames, for who wants the file.
// The format: GIF89a specification, CompuServe 1990; appendix F has its variant of LZW.

const TRANSPARENT = 255; // no frame has it, see animation.py
const [CLEAR, END] = [256, 257]; // the codes after those of the palette
const MOST_CODES = 4096;
const longer = new Uint16Array(MOST_CODES * 256); // code of a string, next pixel -> code of both

// Return (a promise of) a GIF that loops for ever. onFrame is told how many frames are in it.
async function gifOf(frames, onFrame = () => {}) {
  const parts = [headOfGif(frames)];
  let before = null;
  let paused = performance.now();
  for (let number = 0; number < frames.length; number++) {
    const frame = await frames.at(number);
    const part = before ? changed(frame, before, frames.width) : wholeFrame(frames, frame);
    parts.push(controlOf(frames.delays[number]), placeOf(part), packLzw(part.pixels));
    before = frame;
    if (performance.now() - paused < 50) continue;
    onFrame(number + 1);
    await new Promise((resume) => setTimeout(resume)); // the page goes on meanwhile
    paused = performance.now();
  }
  return new Blob([...parts, ";"], { type: "image/gif" });
}

const word = (number) => [number & 255, number >> 8];

// Its size, 256 colours, that it loops for ever, what made it.
function headOfGif({ width, height, palette, comment }) {
  const letters = (text) => new TextEncoder().encode(text);
  return new Blob([
    "GIF89a", Uint8Array.of(...word(width), ...word(height), 0xf7, 0, 0), palette,
    Uint8Array.of(0x21, 0xff, 11), "NETSCAPE2.0", Uint8Array.of(3, 1, 0, 0, 0),
    Uint8Array.of(0x21, 0xfe), ...inBlocks(letters(comment)),
  ]);
}

const controlOf = (ms) => Uint8Array.of(0x21, 0xf9, 4, 1, ...word(ms / 10), TRANSPARENT, 0);

const placeOf = ({ left, top, width, height }) =>
  Uint8Array.of(0x2c, ...[left, top, width, height].flatMap(word), 0);

// Data stand in blocks of 255 bytes at most, each after its length; an empty one ends them.
function inBlocks(bytes) {
  const blocks = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const block = bytes.subarray(at, at + 255);
    blocks.push(Uint8Array.of(block.length), block);
  }
  return [...blocks, Uint8Array.of(0)];
}

const wholeFrame = ({ width, height }, pixels) => ({ left: 0, top: 0, width, height, pixels });

// The part of a frame that differs from the one before; what doesn't is transparent in it.
function changed(frame, before, width) {
  let [left, right, top, bottom] = [width, 0, -1, 0];
  for (let at = 0; at < frame.length; at++) {
    if (frame[at] === before[at]) continue;
    const column = at % width;
    bottom = Math.floor(at / width);
    if (top === -1) top = bottom;
    if (column < left) left = column;
    if (column > right) right = column;
  }
  const part = { left, top, width: right - left + 1, height: bottom - top + 1 };
  part.pixels = new Uint8Array(part.width * part.height).fill(TRANSPARENT);
  let to = 0;
  for (let row = top; row <= bottom; row++) {
    for (let at = row * width + left; at <= row * width + right; at++, to++) {
      if (frame[at] !== before[at]) part.pixels[to] = frame[at];
    }
  }
  return part;
}

// Return pixels as a GIF holds them: the longest strings that were met before, each as its code.
function packLzw(pixels) {
  const packed = new Uint8Array(1.5 * pixels.length + 16); // codes have twelve bits at most
  let [filled, bits, nBits, size, next] = [0, 0, 0, 9, END + 1];
  const put = (code) => {
    bits |= code << nBits;
    for (nBits += size; nBits >= 8; nBits -= 8) {
      packed[filled++] = bits & 255;
      bits >>>= 8;
    }
  };
  const putString = (code) => {
    put(code);
    // Who reads knows a string one code later than who writes.
    if (++next > 1 << size && size < 12) size++;
  };

  put(CLEAR);
  longer.fill(0);
  let code = pixels[0];
  for (let at = 1; at < pixels.length; at++) {
    const both = (code << 8) | pixels[at];
    if (longer[both]) {
      code = longer[both];
      continue;
    }
    if (next < MOST_CODES) longer[both] = next;
    putString(code);
    if (next > MOST_CODES) {
      put(CLEAR);
      longer.fill(0);
      [size, next] = [9, END + 1];
    }
    code = pixels[at];
  }
  putString(code);
  put(END);
  if (nBits > 0) packed[filled++] = bits;
  return new Blob([Uint8Array.of(8), ...inBlocks(packed.subarray(0, filled))]);
}
