// Scripts that hand over what a page opened from a file can't read: loaded when it is asked for.
// What they hold is written by packing.py.

window.deliver = (content) => document.currentScript.deliver(content);

// Return what a script hands over; it is kept by the caller alone.
function loadScript(source) {
  return new Promise((resolve, reject) => {
    const element = h("script", { src: source });
    element.deliver = resolve;
    element.onerror = () => reject(new Error(`${source} is missing`));
    element.onload = () => {
      element.remove();
      reject(new Error(`${source} is damaged`)); // unless it has delivered
    };
    document.head.append(element);
  });
}

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

async function inflate(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const ARRAYS = { uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, int32: Int32Array,
  uint32: Uint32Array, float32: Float32Array };

// Return the numbers of a packed array, row by row. Machines that run browsers are little-endian.
async function unpack({ dtype, bytes }) {
  const planes = await inflate(bytes);
  const size = ARRAYS[dtype].BYTES_PER_ELEMENT;
  const [n, whole] = [planes.length / size, new Uint8Array(planes.length)];
  for (let byte = 0; byte < size; byte++) {
    for (let i = 0; i < n; i++) whole[i * size + byte] = planes[byte * n + i];
  }
  return new ARRAYS[dtype](whole.buffer);
}
