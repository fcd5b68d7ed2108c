import { dialogChange } from '@dialog/contracts/dialog-event';
import { timestampOf } from '@dialog/contracts/timestamp';
import type { OutboxRefusal } from '@dialog/database/tables/outbox-refusals';
import * as outboxRefusals from '@dialog/database/tables/outbox-refusals';
import { inTransaction } from '@dialog/database/transaction';
import { type EventMessage, eventMessagesOf, type MessageSettings } from '@dialog/events/event-messages';
import { reader } from './deliver.ts';
import type { BatchDeps } from './relay-batch.ts';
import { unreadableBecause } from './unreadable.ts';

const replaysAtOnceMax = 32;

/**
 * Publishes refusals that somebody wants replayed, the oldest first. They come behind what was published of their dialogs
 * since. One that is refused again stays a refusal, with the new reason.
 *
 * @throws what Postgres or NATS fail with. What is asked for stays so.
 */
export async function replayRefusals(deps: BatchDeps, settings: MessageSettings): Promise<void> {
  const { db, publisher, log } = deps;
  for (let taken = replaysAtOnceMax; taken === replaysAtOnceMax; ) {
    taken = await inTransaction(db, async (trx) => {
      const asked = await outboxRefusals.takeAsked(trx, reader, {
        by: timestampOf(Date.now()),
        limit: replaysAtOnceMax,
      });
      for (const refusal of asked) {
        const reason = await replay(refusal);
        const { id, lane, seq, messageId } = refusal;
        if (reason === undefined) {
          await outboxRefusals.markReplayed(trx, id, timestampOf(Date.now()));
          log.info({ lane, seq, messageId }, 'event replayed');
        } else {
          await outboxRefusals.refuseAgain(trx, id, reason);
          log.error({ lane, seq, messageId, reason }, 'event not delivered when replayed');
        }
      }
      return asked.length;
    });
  }

  /** @returns why it was refused again */
  async function replay({ change, messageId }: OutboxRefusal): Promise<string | undefined> {
    let messages: EventMessage[];
    try {
      messages = eventMessagesOf(dialogChange.parse(JSON.parse(change)), settings);
    } catch (err) {
      return unreadableBecause(err);
    }
    const wanted = messages.filter((message) => messageId === '' || message.messageId === messageId);
    const { refusals } = await publisher.publish(wanted);
    return refusals[0]?.reason;
  }
}
