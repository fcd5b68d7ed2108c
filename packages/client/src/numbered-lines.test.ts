import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberedLines } from './numbered-lines.ts';

async function* inPieces(bytes: Buffer, length: number) {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length);
}

async function read(text: string, length = 7): Promise<[number, string][]> {
  const lines: [number, string][] = [];
  for await (const line of numberedLines(inPieces(Buffer.from(text), length))) lines.push([line.number, line.text]);
  return lines;
}

describe('lines of a file', () => {
  it.each<[string, string, [number, string][]]>([
    ['an empty file', '', []],
    [
      'a last line without an end',
      'a\nb',
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
    [
      'blank lines, which are counted',
      '\n  \na\n\n\nb\n',
      [
        [3, 'a'],
        [6, 'b'],
      ],
    ],
    [
      'ends of Windows, and its mark at the beginning',
      '\uFEFFa\r\n\r\nb\r\n',
      [
        [1, 'a'],
        [3, 'b'],
      ],
    ],
    [
      'a mark elsewhere, which is text',
      'a\n\uFEFFb',
      [
        [1, 'a'],
        [2, '\uFEFFb'],
      ],
    ],
  ])('%s', async (_, text, lines) => expect(await read(text)).toEqual(lines));

  it('are the same whatever pieces the file comes in', async () => {
    const text = fc.array(fc.string({ unit: fc.constantFrom('a', 'æ', '😀', ' ') }).map((line) => `x${line}`));
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 20 }), async (lines, length) => {
        expect(await read(lines.join('\n'), length)).toEqual(lines.map((line, index) => [index + 1, line]));
      }),
      { numRuns: 200 },
    );
  });

  it('are refused when one is longer than anything the service takes', async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(1024 * 1024, 'x');
    }
    await expect(numberedLines(endless()).next()).rejects.toThrow('Line 1 is longer than');
  });
});
