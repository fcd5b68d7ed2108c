import { timestampOf } from '@dialog/contracts/timestamp';
import type { OutboxRefusal } from '@dialog/database/tables/outbox-refusals';
import * as outboxRefusals from '@dialog/database/tables/outbox-refusals';
import { inTransaction } from '@dialog/database/transaction';
import { type AltinnChange, altinnChangeOf, reader } from './altinn-events.ts';
import type { TurnDeps } from './forward-turn.ts';
import { unreadableBecause } from './unreadable.ts';

const replaysAtOnceMax = 32;
const postponedByMs = 60_000;

/**
 * Hands over refusals that somebody wants replayed, some at a time, the oldest first. They come behind what was forwarded
 * of their dialogs since. One that is refused again stays a refusal, with the new reason; where the receiver fails, the
 * replay is tried again a minute later.
 *
 * @returns whether there may be more
 * @throws what Postgres fails with. What is asked for stays so.
 */
export async function replayToAltinn(deps: TurnDeps, publicUrl: string, stopping: AbortSignal): Promise<boolean> {
  const { db, receiver, log } = deps;
  return inTransaction(db, async (trx) => {
    const asked = await outboxRefusals.takeAsked(trx, reader, {
      by: timestampOf(Date.now()),
      limit: replaysAtOnceMax,
    });
    for (const refusal of asked) {
      if (stopping.aborted || receiver.isAway()) return false;
      const { id, lane, seq, messageId } = refusal;
      const ended = await replay(refusal);
      switch (ended.kind) {
        case 'delivered':
          await outboxRefusals.markReplayed(trx, id, timestampOf(Date.now()));
          log.info({ lane, seq, messageId }, 'event replayed');
          break;
        case 'refused':
          await outboxRefusals.refuseAgain(trx, id, ended.reason);
          log.error({ lane, seq, messageId, reason: ended.reason }, 'event not forwarded when replayed');
          break;
        case 'failed':
          await outboxRefusals.postpone(trx, id, timestampOf(Date.now() + postponedByMs), ended.reason);
      }
    }
    return asked.length === replaysAtOnceMax;
  });

  async function replay({ change: text, messageId }: OutboxRefusal) {
    let change: AltinnChange;
    try {
      change = altinnChangeOf(text, publicUrl);
    } catch (err) {
      return { kind: 'refused', reason: unreadableBecause(err) } as const;
    }
    for (const event of change.events.filter(({ id }) => messageId === '' || messageId === id)) {
      const handover = await receiver.publish(change.dialogId, event.text);
      if (handover.kind !== 'delivered') return handover;
    }
    return { kind: 'delivered' } as const;
  }
}
