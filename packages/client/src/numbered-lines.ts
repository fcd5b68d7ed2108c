/** A line of a file, counted from 1, without its end. */
export type NumberedLine = { number: number; text: string };

/** Above what the service takes of a line; a file without line ends is not to be read into memory. */
const lineBytesMax = 32 * 1024 * 1024;
const lineFeed = 0x0a;
const blank = /^\s*$/;

/**
 * Lines of a stream of bytes, but for blank ones, which are counted.
 *
 * @throws for a line that is longer than 32 MiB
 */
export async function* numberedLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<NumberedLine, undefined> {
  let number = 0;
  let begun: Buffer[] = [];
  let begunBytes = 0;

  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(lineFeed); to !== -1; to = chunk.indexOf(lineFeed, from)) {
      const line = lineOf(chunk.subarray(from, to));
      if (line !== undefined) yield line;
      from = to + 1;
    }
    if (from === chunk.length) continue;
    begun.push(chunk.subarray(from));
    begunBytes += chunk.length - from;
    if (begunBytes > lineBytesMax) throw new Error(`Line ${number + 1} is longer than ${lineBytesMax} bytes.`);
  }
  const last = begunBytes > 0 ? lineOf(Buffer.alloc(0)) : undefined;
  if (last !== undefined) yield last;
  return undefined;

  function lineOf(end: Buffer): NumberedLine | undefined {
    number += 1;
    const bytes = begun.length === 0 ? end : Buffer.concat([...begun, end]);
    begun = [];
    begunBytes = 0;
    // A file of Windows may begin with a byte order mark, and its lines end with a carriage return as well.
    const text = bytes
      .toString('utf8')
      .replace(number === 1 ? /^\uFEFF/ : '', '')
      .replace(/\r$/, '');
    return blank.test(text) ? undefined : { number, text };
  }
}
