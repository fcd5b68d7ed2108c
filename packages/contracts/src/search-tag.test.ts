import { describe, expect, it } from 'vitest';
import { dialog, keysOf, ordinary, readValue } from './testing/bodies.ts';
import { validateCreateDialog, validateLabelInPath, validateServiceOwnerLabel } from './validate.ts';

const longest = 'x'.repeat(255);

describe.each([
  ['in a body', (label: unknown) => validateServiceOwnerLabel({ value: label }), 'dto.value'],
  ['in an address', (label: unknown) => validateLabelInPath(String(label)), 'dto.label'],
])("a service owner's label %s", (_, validate, key) => {
  it.each([
    ['abc', 'abc'],
    [' Case:118 ', 'case:118'],
    ['\tÆØÅ\n', 'æøå'],
    ['50%/2?#+', '50%/2?#+'],
    [longest, longest],
  ])('%j is %j', (given, label) => {
    expect(readValue(validate(given))).toBe(label);
  });

  it.each(['', '   ', 'ab', ' ab ', `${longest}x`])('is not %j', (given) => {
    expect(keysOf(validate(given))).toEqual([key]);
  });

  it('is nothing that cannot be stored', () => {
    for (const given of ['abc\0', 'abc\ud800']) expect(keysOf(validate(given))).toHaveLength(1);
  });
});

describe('the body of a label', () => {
  it.each([
    [{}, ['dto.value']],
    [{ value: null }, ['value']],
    [{ value: 123 }, ['value']],
    ['abc', ['SerializerErrors']],
    [null, ['SerializerErrors']],
    [[{ value: 'abc' }], ['SerializerErrors']],
  ])('%j is refused under %j', (body, keys) => {
    expect(keysOf(validateServiceOwnerLabel(body))).toEqual(keys);
  });

  it('may be written in any casing, with more in it', () => {
    expect(readValue(validateServiceOwnerLabel({ Value: 'abc', org: 'ttd' }))).toBe('abc');
  });
});

describe('the labels of a new dialog', () => {
  const create = (...labels: unknown[]) =>
    validateCreateDialog(
      { ...dialog, serviceOwnerContext: { serviceOwnerLabels: labels.map((value) => ({ value })) } },
      ordinary,
    );
  const numbered = (count: number) => Array.from({ length: count }, (_, number) => `label-${number}`);

  it('come out as those that are added later do, in order', () => {
    expect(readValue(create(' Urgent', 'case:118 ')).serviceOwnerLabels).toEqual(['case:118', 'urgent']);
    expect(readValue(create(...numbered(20))).serviceOwnerLabels).toHaveLength(20);
  });

  it('differ, and are at most twenty', () => {
    const list = 'dto.serviceOwnerContext.serviceOwnerLabels';
    expect(keysOf(create('case:118', ' CASE:118'))).toEqual([list]);
    expect(keysOf(create(...numbered(21)))).toEqual([list]);
    expect(keysOf(create('abc', 'ab'))).toEqual([`${list}[1].value`]);
  });
});
