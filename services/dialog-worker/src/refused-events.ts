/**
 * Events that NATS or Altinn Events would not take, as an operator sees them. Whoever refused one delivers it when it is
 * asked to: event-relay looks for that, and has the rights.
 */
import { dialogChange } from '@dialog/contracts/dialog-event';
import { timestampOf } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import type { OutboxRefusal } from '@dialog/database/tables/outbox-refusals';
import * as outboxRefusals from '@dialog/database/tables/outbox-refusals';
import { maskPersons } from '@dialog/telemetry/logger';

/** Lines of a list, one event in each two. */
export async function listed(db: Database, limit: number): Promise<string[]> {
  return (await outboxRefusals.list(db, limit)).map((refusal) => {
    const { id, refusedAt, lane, reader, reason } = refusal;
    const what = `${describe(refusal)}, by ${reader}${fateOf(refusal)}`;
    return `${id}  ${refusedAt}  lane ${lane}  ${what}\n    ${maskPersons(reason)}\n`;
  });
}

/** All of one; undefined when there is none of this id. */
export async function shown(db: Database, id: string): Promise<object | undefined> {
  const refusal = await outboxRefusals.find(db, id);
  return refusal && { ...refusal, change: parsed(refusal.change) };
}

/** @returns what to tell; undefined when there is none of this id, `done` when it has been replayed already */
export async function askForReplay(
  db: Database,
  id: string,
  again: boolean,
): Promise<{ asked: string } | 'done' | undefined> {
  const refusal = await outboxRefusals.find(db, id);
  if (refusal === undefined) return undefined;
  const asked = await outboxRefusals.askForReplay(db, { id }, { at: timestampOf(Date.now()), again });
  return asked === 0 ? 'done' : { asked: `${refusal.reader} is asked to deliver ${id}; list tells when it has.` };
}

/** @returns how many were not delivered yet and now will be */
export async function askForAll(db: Database, reader: string): Promise<number> {
  return outboxRefusals.askForReplay(db, { reader }, { at: timestampOf(Date.now()), again: false });
}

function describe({ change, messageId }: OutboxRefusal): string {
  const read = dialogChange.safeParse(parsed(change));
  if (!read.success) return 'unreadable';
  const { org, dialogId, events } = read.data;
  // NATS gets each event once for each audience.
  const type = events.find(({ id }) => messageId === id || messageId.startsWith(`${id}.`))?.type ?? 'all events';
  return `${type} of ${org} on dialog ${dialogId}`;
}

function fateOf({ replayAskedAt, replayedAt }: OutboxRefusal): string {
  if (replayedAt !== null) return `, replayed at ${replayedAt}`;
  return replayAskedAt === null ? '' : `, to be replayed from ${replayAskedAt} on`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
