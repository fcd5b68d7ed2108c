import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLineSplitter } from './read-lines.ts';

function linesOf(chunks: readonly Uint8Array[], lineBytesMax = 1_000): [number, string | undefined][] {
  const splitter = createLineSplitter({ lineBytesMax });
  const lines = [...chunks.flatMap((chunk) => splitter.split(chunk)), ...splitter.rest()];
  return lines.map(({ number, bytes }) => [number, bytes?.toString()]);
}

it('counts blank lines and leaves them out, and needs no newline at the end', () => {
  expect(linesOf([Buffer.from('a\n\n \t\r\nb\r\nc')])).toEqual([
    [1, 'a'],
    [4, 'b\r'],
    [5, 'c'],
  ]);
  expect(linesOf([Buffer.from('a\n')])).toEqual([[1, 'a']]);
  expect(linesOf([])).toEqual([]);
});

it('keeps nothing of a line that is too long, and reads those after it', () => {
  const chunks = ['aa', 'aa', 'a\nbbbb\nccccc', '\nd'].map((text) => Buffer.from(text));
  expect(linesOf(chunks, 4)).toEqual([
    [1, undefined],
    [2, 'bbbb'],
    [3, undefined],
    [4, 'd'],
  ]);
});

it('finds the same lines wherever the chunks end', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'ø', '🙂', ' ', '\r'), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(60)), (texts, cuts) => {
      const whole = Buffer.from(texts.join('\n'));
      const bounds = [
        0,
        ...cuts.map((cut) => Math.min(cut, whole.length)).sort((one, other) => one - other),
        whole.length,
      ];
      const chunks = bounds.slice(1).map((end, index) => whole.subarray(bounds[index], end));
      expect(linesOf(chunks, 12)).toEqual(linesOf([whole], 12));
    }),
  );
});
