import { randomUUID } from 'node:crypto';
import type { DialogChange, DialogEvent } from '@dialog/contracts/dialog-event';
import { timestampOf } from '@dialog/contracts/timestamp';
import { type Database, openDatabase } from '@dialog/database/open';
import * as lanes from '@dialog/database/tables/lanes';
import * as outbox from '@dialog/database/tables/outbox';
import { outboxSignal } from '@dialog/events/outbox-signal';
import type { NatsConnection } from '@nats-io/transport-node';
import { uuidv7 } from 'uuidv7';

export const laneCount = 4;
export const party = 'urn:altinn:organization:identifier-no:991825827';

/** Writes changes as the dialog-worker does, and remembers what has to come out of them. */
export type OutboxWriter = {
  /** One transaction: an update of each of these dialogs, in this order. */
  write(lane: number, dialogIds: readonly string[], facts?: Partial<DialogChange>): Promise<void>;
  /** On each lane as many transactions, each with an update of all the dialogs of the lane. */
  writeOnAllLanes(dialogs: readonly (readonly string[])[], transactions: number): Promise<void>;
  /** Message ids by dialog and audience, in the order of commits. */
  expected: Map<string, string[]>;
  expectedCount(): number;
};

export async function openTestDatabase(url: string): Promise<Database> {
  const db = openDatabase(url, {
    applicationName: 'test',
    connectionsMax: 6,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 20_000,
  });
  await lanes.ensure(db, laneCount);
  return db;
}

/** @param nats absent: nobody is told of new rows, and the relay has to look by itself */
export function createOutboxWriter(db: Database, nats?: NatsConnection): OutboxWriter {
  const expected = new Map<string, string[]>();

  function remember(dialogId: string, events: readonly DialogEvent[]): void {
    for (const { id, audiences } of events) {
      for (const audience of audiences) {
        const key = `${dialogId}.${audience}`;
        expected.set(key, [...(expected.get(key) ?? []), `${id}.${audience}`]);
      }
    }
  }

  async function write(lane: number, dialogIds: readonly string[], facts: Partial<DialogChange> = {}): Promise<void> {
    const changes = dialogIds.map((dialogId) => changeOf(dialogId, facts));
    await db.transaction().execute(async (trx) => {
      await outbox.append(trx, lane, await lanes.lock(trx, lane), changes);
    });
    for (const { dialogId, events } of changes) remember(dialogId, events);
    nats?.publish(outboxSignal(lane));
  }

  return {
    expected,
    write,
    expectedCount: () => [...expected.values()].reduce((sum, ids) => sum + ids.length, 0),
    async writeOnAllLanes(dialogs, transactions) {
      await Promise.all(
        dialogs.map(async (dialogIds, lane) => {
          for (let count = 0; count < transactions; count += 1) await write(lane, dialogIds);
        }),
      );
    },
  };
}

/** An update with a new activity, as both audiences get it. */
function changeOf(dialogId: string, facts: Partial<DialogChange>): DialogChange {
  return {
    dialogId,
    revision: randomUUID(),
    org: 'ttd',
    party,
    serviceResource: 'urn:altinn:resource:super-simple-service',
    process: null,
    precedingProcess: null,
    occurredAt: timestampOf(Date.now()),
    traceparent: null,
    events: [
      { id: uuidv7(), audiences: ['owner', 'party'], type: 'DialogUpdated' },
      {
        id: uuidv7(),
        audiences: ['owner', 'party'],
        type: 'DialogActivityCreated',
        activityId: uuidv7(),
        activityType: 'Information',
        extendedType: null,
      },
    ],
    ...facts,
  };
}

/** Ids of dialogs, made up. */
export function dialogIdsOf(count: number): string[] {
  return Array.from({ length: count }, () => uuidv7());
}

/** For each lane the ids of its dialogs. */
export function dialogsOfLanes(perLane: number): string[][] {
  return Array.from({ length: laneCount }, () => dialogIdsOf(perLane));
}
