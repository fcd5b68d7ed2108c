/** A line of a body, counted from 1, without its end. `bytes` is undefined when there are more of them than allowed. */
export type Line = { number: number; bytes: Buffer | undefined };

const newline = 0x0a;

/**
 * Splits a body into lines as it comes: all that a chunk ends, at once. Of a line that is too long nothing is kept.
 * Blank lines count and are left out; the last line need not end with a newline.
 */
export function createLineSplitter({ lineBytesMax }: { lineBytesMax: number }) {
  let number = 0;
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  let tooLong = false;

  return {
    split(chunk: Uint8Array): Line[] {
      const lines: Line[] = [];
      let start = 0;
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
        add(chunk.subarray(start, end));
        finish(lines);
        start = end + 1;
      }
      if (start < chunk.length) add(chunk.subarray(start));
      return lines;
    },

    /** The line that the body ended in, if there is one. */
    rest(): Line[] {
      const lines: Line[] = [];
      if (begunBytes > 0) finish(lines);
      return lines;
    },

    /** Lines that have ended. */
    count: () => number,
  };

  function add(part: Uint8Array): void {
    begunBytes += part.length;
    if (begunBytes > lineBytesMax) {
      tooLong = true;
      begun = [];
    } else begun.push(part);
  }

  function finish(lines: Line[]): void {
    number += 1;
    const [first, ...others] = begun;
    // Most lines lie in one chunk, and are parsed before the next one is read.
    const bytes = first === undefined || others.length > 0 ? Buffer.concat(begun) : viewOf(first);
    if (tooLong) lines.push({ number, bytes: undefined });
    else if (!isBlank(bytes)) lines.push({ number, bytes });
    begun = [];
    begunBytes = 0;
    tooLong = false;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Nothing but what JSON takes for white space. */
function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}
