import { describe, expect, it } from 'vitest';
import { readyText } from './ready-text.ts';

const file = { name: 'cases.ndjson', kind: undefined };
const patch = { kind: 'PatchDialog', dialogId: '0190A1B2-0000-7000-8000-00000000000A', body: [] };

function ready(line: unknown, options: Parameters<typeof readyText>[1] = file, number = 1) {
  const { text, ...rest } = readyText({ number, text: JSON.stringify(line) }, options);
  return { ...rest, line: JSON.parse(text) };
}

describe('a line of a file', () => {
  it('gets a key that is the same each time, and another with another name, number or text', () => {
    const { line, idempotentKey, input } = ready(patch);
    expect(line).toEqual({ ...patch, idempotentKey });
    expect(idempotentKey).toMatch(/^[\w-]{32}$/);
    expect(JSON.parse(input.repeatable)).toEqual(line);
    expect(input.text).toBe(JSON.stringify(patch));
    expect(ready(patch).idempotentKey).toBe(idempotentKey);
    const others = [ready(patch, { ...file, name: 'other' }), ready(patch, file, 2), ready({ ...patch, body: [1] })];
    expect(new Set([idempotentKey, ...others.map((other) => other.idempotentKey)]).size).toBe(4);
  });

  it('keeps a key that it has', () => {
    expect(ready({ ...patch, idempotentKey: 'case-118' })).toMatchObject({
      ...{ idempotentKey: 'case-118', line: { ...patch, idempotentKey: 'case-118' } },
    });
  });

  it('is about the dialog that it names, or that it creates under an id of its own', () => {
    expect(ready(patch).dialogId).toBe('0190a1b2-0000-7000-8000-00000000000a');
    expect(ready({ kind: 'CreateDialog', body: { Id: 'A' } }).dialogId).toBe('a');
    expect(ready({ kind: 'CreateDialog', body: {} }).dialogId).toBeUndefined();
  });

  it('can be a body as a whole, or miss nothing but its kind, when the kind is said for all', () => {
    const dialogs = { ...file, kind: 'CreateDialog' as const };
    const body = { id: 'A', party: 'urn:…' };
    expect(ready(body, dialogs)).toMatchObject({ dialogId: 'a', line: { kind: 'CreateDialog', body } });
    expect(ready(body, dialogs).line.idempotentKey).toBe(ready(body, dialogs).idempotentKey);
    expect(ready({ body }, dialogs).line).toMatchObject({ kind: 'CreateDialog', body });
    expect(ready(patch, dialogs).line).toMatchObject(patch);
    expect(ready({ dialogId: 'b', body }, { ...file, kind: 'CreateActivity' }).line).toMatchObject({
      ...{ kind: 'CreateActivity', dialogId: 'b', body },
    });
  });

  it.each(['{', '"text"', '[]', 'null'])('goes as it is when it is no object: %s', (text) => {
    const input = { number: 1, text, repeatable: text };
    expect(readyText({ number: 1, text }, file)).toEqual({
      input,
      text,
      dialogId: undefined,
      idempotentKey: undefined,
    });
  });
});
