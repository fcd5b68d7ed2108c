import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { laneOf, queuedOperationKey, queueNameOf } from './lane.ts';

describe('the lane of a dialog', () => {
  // A digest by another tool: sha1sum, its first 32 bits, modulo.
  it.each([
    ['01927d2f-5a4c-7000-8000-000000000001', 3, 3],
    ['01927d2f-5a4c-7000-8000-000000000002', 0, 3],
    ['0198b1de-8a53-7c2b-9c6a-3a4f0f1e2d3c', 1, 0],
    ['ffffffff-ffff-4fff-bfff-ffffffffffff', 0, 7],
  ])('is frozen: %s is on lane %i of 7 and %i of 8', (dialogId, ofSeven, ofEight) => {
    expect([laneOf(dialogId, 7), laneOf(dialogId, 8)]).toEqual([ofSeven, ofEight]);
  });

  it('does not depend on the case of the id', () => {
    fc.assert(fc.property(fc.uuid(), (id) => laneOf(id.toUpperCase(), 8) === laneOf(id, 8)));
  });

  it('is one of the lanes', () => {
    const lanes = fc.integer({ min: 1, max: 1_000 });
    fc.assert(
      fc.property(fc.uuid(), lanes, (id, laneCount) => {
        const lane = laneOf(id, laneCount);
        return Number.isInteger(lane) && lane >= 0 && lane < laneCount;
      }),
    );
  });

  it('spreads dialogs evenly, also those made one after the other', () => {
    const perLane = Array.from({ length: 8 }, () => 0);
    for (let count = 0; count < 8_000; count += 1) {
      const lane = laneOf(`01927d2f-5a4c-7000-8000-${String(count).padStart(12, '0')}`, 8);
      perLane[lane] = (perLane[lane] ?? 0) + 1;
    }
    for (const dialogs of perLane) expect(Math.abs(dialogs - 1_000)).toBeLessThan(150);
  });
});

it('keeps what belongs to a lane on one slot of a Redis Cluster', () => {
  expect(queueNameOf(3)).toBe('{lane-3}');
  expect(queuedOperationKey('dialogporten', 3, 'id')).toBe('dialogporten:queued:{lane-3}:id');
});
