import { describe, expect, it } from 'vitest';
import { continueTrace } from './trace-context.ts';

const trace = '7d0f3c1b9a5e4d2f8c6b1a0e9f8d7c6b';
const span = '1f2e3d4c5b6a7988';

describe('trace context', () => {
  it('continues the trace of the caller in a span of our own', () => {
    const continued = continueTrace(`00-${trace}-${span}-01`);
    expect(continued).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
    expect(continued).not.toContain(span);
  });

  it('reads a later version up to what it knows', () => {
    expect(continueTrace(`cc-${trace}-${span}-01-more`)).toContain(trace);
  });

  it.each([
    undefined,
    '',
    'nonsense',
    `00-${trace}-${span}`,
    `ff-${trace}-${span}-01`,
    `00-${trace}-${span}-01-more`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
  ])('begins a trace of its own for %s', (header) => {
    const begun = continueTrace(header);
    expect(begun).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(begun).not.toContain(trace);
  });
});
