import { expect, it } from 'vitest';
import { keysOf, readValue } from './testing/bodies.ts';
import { validateJsonPatch } from './validate.ts';

it('reads the six operations', () => {
  const patch = [
    { op: 'test', path: '/status', value: 'Draft' },
    { op: 'replace', path: '/status', value: null },
    { op: 'add', path: '/activities/-', value: { type: 'DialogOpened' } },
    { op: 'remove', path: '/a~1b~0c' },
    { op: 'move', path: '/a', from: '/b' },
    { op: 'copy', path: '', from: '/b' },
  ];
  expect(readValue(validateJsonPatch(patch))).toEqual(patch);
  expect(readValue(validateJsonPatch([]))).toEqual([]);
});

it('reads names in any casing and drops unknown members', () => {
  const patch = [{ OP: 'Replace', Path: '/Status', VALUE: { Type: 1 }, comment: 'x' }];
  expect(readValue(validateJsonPatch(patch))).toEqual([{ op: 'replace', path: '/Status', value: { Type: 1 } }]);
});

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

it.each([
  ['something else than a list', { op: 'remove', path: '/a' }, ['SerializerErrors']],
  ['null', null, ['SerializerErrors']],
  ['no body', undefined, ['SerializerErrors']],
  ['something else than an operation', [5], ['[0]']],
  ['an unknown operation', [{ op: 'merge', path: '/a' }], ['[0].op']],
  ['no operation', [{ path: '/a' }], ['[0].op']],
  ['no path', [{ op: 'remove' }], ['[0].path']],
  ['a path without a slash', [{ op: 'remove', path: 'a' }], ['[0].path']],
  ['a bad escape', [{ op: 'remove', path: '/a~2' }], ['[0].path']],
  ['no value', [{ op: 'add', path: '/a' }], ['[0].value']],
  ['no from', [{ op: 'copy', path: '/a' }], ['[0].from']],
  ['a bad from', [{ op: 'move', path: '/a', from: 'b' }], ['[0].from']],
  ['the character U+0000', [{ op: 'add', path: '/a', value: { b: ['\0'] } }], ['[0].value']],
  ['half of a surrogate pair', [{ op: 'add', path: '/a', value: '\ud800' }], ['[0].value']],
  ['a number that is none', [{ op: 'add', path: '/a', value: { b: [JSON.parse('1e400')] } }], ['[0].value']],
  ['a value nested too deeply', [{ op: 'add', path: '/a', value: nested(33) }], ['[0].value']],
  ['a value nested deeper than the stack', [{ op: 'add', path: '/a', value: nested(200_000) }], ['[0].value']],
  ['several faults', [{ op: 'add', path: 'a' }, { op: 'x' }], ['[0].path', '[0].value', '[1].op']],
])('refuses %s', (_, patch, keys) => {
  expect(keysOf(validateJsonPatch(patch))).toEqual(keys);
});

it('reads a value as deep as the limit', () => {
  expect(validateJsonPatch([{ op: 'add', path: '/a', value: nested(32) }]).ok).toBe(true);
});
