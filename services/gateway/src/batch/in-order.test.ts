import { randomUUIDv7 } from 'node:crypto';
import type { Command } from '@dialog/contracts/commands';
import { timestampOf } from '@dialog/contracts/timestamp';
import { LaneFull, LaneUnavailable } from '@dialog/lanes/faults';
import type { Lanes } from '@dialog/lanes/submit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ended } from '../testing/example-app.ts';
import { createInOrder } from './in-order.ts';

const settings = { waitMs: 1_000, retryMs: 1, unavailableMsMax: 200 };

function commandOf(dialogId: string, line: number): Command {
  return {
    ...{ kind: 'DeleteDialog', id: randomUUIDv7(), dialogId, org: 'ttd', traceparent: String(line), ifMatch: null },
    ...{ rights: { admin: false, correspondence: false, legacyHtml: false }, facts: { notOwned: [], actorNames: {} } },
    ...{ silent: false, receivedAt: timestampOf(0) },
  };
}

type Fate = 'applied' | 'full' | 'away' | 'refused-later' | 'in-doubt';

/** A lane that does with the commands what it is told, one after the other, and applies the rest. */
function laneOf(fates: Iterable<Fate>) {
  const coming = fates[Symbol.iterator]();
  const applied: string[] = [];
  let taken: { command: Command; fail: (fault: unknown) => void; land: () => void }[] = [];
  const submit: Lanes['submit'] = async (command, { onTaken }) => {
    const fate = coming.next().value ?? 'applied';
    if (fate === 'full') throw new LaneFull(0, 1, 'so');
    if (fate === 'away') throw new LaneUnavailable('So.');
    onTaken?.();
    const landing = new Promise<void>((resolve, reject) => {
      taken.push({ command, fail: reject, land: resolve });
    });
    if (fate === 'applied') setImmediate(landAll);
    // With all that came behind it, as a lane does.
    else setImmediate(() => failAll(new LaneUnavailable('So.', { inDoubt: fate === 'in-doubt' })));
    await landing;
    return ended('Applied', { id: command.id, dialogId: command.dialogId });
  };
  return { submit, applied };

  function landAll(): void {
    for (const { command, land } of taken.splice(0)) {
      applied.push(`${command.dialogId} ${command.traceparent}`);
      land();
    }
  }

  function failAll(fault: LaneUnavailable): void {
    const failed = taken;
    taken = [];
    for (const { fail } of failed) fail(fault);
  }
}

describe('lines of a dialog', () => {
  it('reach their lane in order, whatever becomes of them on the way', async () => {
    const fate = fc.constantFrom<Fate>('applied', 'full', 'away', 'refused-later');
    const line = fc.record({ dialog: fc.nat(2), lookupMs: fc.nat(3), leaves: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { maxLength: 30 }), fc.array(line, { maxLength: 25 }), async (fates, lines) => {
        const { submit, applied } = laneOf(fates);
        const inOrder = createInOrder({ submit }, { ...settings, unavailableMsMax: 60_000 });
        await Promise.all(
          lines.map(async ({ dialog, lookupMs, leaves }, index) => {
            const turn = inOrder.enter(index, String(dialog));
            await new Promise((resolve) => setTimeout(resolve, lookupMs));
            if (leaves) turn.leave();
            else await turn.submit(commandOf(String(dialog), index));
          }),
        );
        for (const dialog of ['0', '1', '2']) {
          const sent = lines.flatMap((one, index) =>
            String(one.dialog) === dialog && !one.leaves ? `${dialog} ${index}` : [],
          );
          expect(applied.filter((one) => one.startsWith(dialog))).toEqual(sent);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('do not wait for those of other dialogs', async () => {
    const { submit } = laneOf([]);
    const inOrder = createInOrder({ submit }, settings);
    const first = inOrder.enter(1, 'slow');
    await inOrder.enter(2, 'quick').submit(commandOf('quick', 2));
    await inOrder.enter(3, undefined).submit(commandOf('new', 3));
    first.leave();
  });
});

it('tells of a line of which nobody knows whether it was accepted, and does not send it again', async () => {
  const { submit, applied } = laneOf(['in-doubt']);
  const inOrder = createInOrder({ submit }, settings);
  const first = inOrder.enter(1, 'a').submit(commandOf('a', 1));
  await expect(first).rejects.toMatchObject({ inDoubt: true });
  await inOrder.enter(2, 'a').submit(commandOf('a', 2));
  expect(applied).toEqual(['a 2']);
});

it('gives up when lanes have been away for too long, but not on a full lane', async () => {
  const away = laneOf(Array<Fate>(1_000).fill('away'));
  const inOrder = createInOrder({ submit: away.submit }, { ...settings, unavailableMsMax: 20 });
  await expect(inOrder.enter(1, 'a').submit(commandOf('a', 1))).rejects.toBeInstanceOf(LaneUnavailable);
  const full = laneOf(Array<Fate>(50).fill('full'));
  const patient = createInOrder({ submit: full.submit }, { ...settings, unavailableMsMax: 0 });
  await patient.enter(1, 'a').submit(commandOf('a', 1));
});

it('tells of lines that wait when it is told to give up', async () => {
  const { submit } = laneOf(Array<Fate>(1_000_000).fill('full'));
  const inOrder = createInOrder({ submit }, settings);
  const waiting = ['a', 'a', 'b'].map((dialog, line) => inOrder.enter(line, dialog).submit(commandOf(dialog, line)));
  inOrder.giveUp();
  for (const one of await Promise.allSettled(waiting)) {
    expect(one).toMatchObject({ status: 'rejected', reason: expect.any(LaneFull) });
  }
});
