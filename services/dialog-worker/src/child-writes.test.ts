import type { Command } from '@dialog/contracts/commands';
import { emptyState } from '@dialog/domain/dialog-state';
import {
  at,
  contextAt,
  createActivity,
  createDialog,
  createTransmission,
  id,
  moveFormSavedActivity,
  updateTransmission,
} from '@dialog/domain/testing/examples';
import { apply } from '@dialog/domain/testing/given';
import { describe, expect, it } from 'vitest';
import { activityWrites, transmissionWrites } from './child-writes.ts';

/** What the last of some commands change, the first `there` of which came with an earlier envelope. */
function changesOf(there: number, ...commands: Command[]) {
  const state = emptyState();
  const context = contextAt();
  return commands
    .map((command) => apply(state, command, context).changes)
    .slice(there)
    .flat();
}

const first = createTransmission({ id: id(5) });
const reply = createTransmission({ id: id(6), relatedTransmissionId: id(5) });
const opened = createActivity({ type: 'TransmissionOpened', transmissionId: id(5) });
const alert = updateTransmission(id(5), { type: 'Alert' });

describe('what is written of transmissions', () => {
  it('is added as it is in the end', () => {
    const writes = transmissionWrites(changesOf(0, createDialog(), first, reply, opened, alert));
    expect(writes).toMatchObject({
      added: [
        { id: id(5), type: 'Alert', repliesCount: 1, opened: true },
        { id: id(6), depth: 2 },
      ],
      ...{ corrected: [], touched: [] },
    });
  });

  it('is corrected once, with what happened to it before and after', () => {
    const writes = transmissionWrites(changesOf(2, createDialog(), first, reply, alert, opened));
    expect(writes.corrected).toMatchObject([{ id: id(5), type: 'Alert', repliesCount: 1, opened: true }]);
    expect(writes.touched).toEqual([]);
  });

  it('is touched only in what can happen to it where nobody corrected it', () => {
    const root = updateTransmission(id(6));
    const writes = transmissionWrites(changesOf(3, createDialog(), first, reply, root, opened));
    expect(writes.corrected).toMatchObject([{ id: id(6), depth: 1 }]);
    expect(writes.touched).toMatchObject([{ id: id(5), repliesCount: 0, opened: true }]);
  });
});

describe('what is written of activities', () => {
  const saved = createActivity({ id: id(7), type: 'FormSaved' });
  const moves = [moveFormSavedActivity(id(7), at('13:00')), moveFormSavedActivity(id(7), at('14:00'))];

  it('is added with the time it has in the end, or moved there', () => {
    expect(activityWrites(changesOf(0, createDialog(), saved, ...moves))).toMatchObject({
      ...{ added: [{ id: id(7), createdAt: at('14:00') }], moved: [] },
    });
    expect(activityWrites(changesOf(2, createDialog(), saved, ...moves))).toMatchObject({
      ...{ added: [], moved: [{ id: id(7), createdAt: at('14:00') }] },
    });
  });
});
