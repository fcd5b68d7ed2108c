import path from 'node:path';
import { cloneDir } from '@dialog/local/settings';
import { describe, expect, it } from 'vitest';
import { byPackage, selfTimes } from './cpu-profile.ts';

const frames: [functionName: string, url: string, lineNumber: number][] = [
  ['(root)', '', -1],
  ['(idle)', '', -1],
  ['(garbage collector)', '', -1],
  ['decide', `file://${path.join(cloneDir, 'packages/domain/src/decide.ts')}`, 11],
  ['', `file://${path.join(cloneDir, 'node_modules/.pnpm/pg@8.1.0/node_modules/pg/lib/client.js')}`, 99],
  ['write', 'node:internal/stream_base_commons', 0],
  ['stringify', '', -1],
];
const profile = {
  nodes: frames.map(([functionName, url, lineNumber], id) => ({ id, callFrame: { functionName, url, lineNumber } })),
  samples: [1, 3, 3, 4, 2, 5, 6, 1],
  timeDeltas: [500, 100, 150, 200, 50, 30, 20, 900],
};

describe('selfTimes', () => {
  it('sums up samples by function, without the time that nothing ran', () =>
    expect(selfTimes(profile)).toEqual([
      { functionName: 'decide', place: 'packages/domain/src/decide.ts:12', package: 'packages/domain', micros: 250 },
      { functionName: '(anonymous)', place: 'pg/lib/client.js:100', package: 'pg', micros: 200 },
      { functionName: '(garbage collector)', place: '', package: '(garbage collector)', micros: 50 },
      { functionName: 'write', place: 'node:internal/stream_base_commons:1', package: 'node', micros: 30 },
      { functionName: 'stringify', place: '', package: 'V8 built-ins', micros: 20 },
    ]));

  it('adds up to the packages', () =>
    expect([...byPackage([...selfTimes(profile), ...selfTimes(profile)])].slice(0, 2)).toEqual([
      ['packages/domain', 500],
      ['pg', 400],
    ]));
});
