/** What a backlog does to what comes new: nothing to other lanes, and in its own lane only to changes of its dialogs. */
import { ownerFilter } from '@dialog/events/subjects';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { countStored, expectAllOnceInOrder, readStored } from './testing/event-log.ts';
import { createOutboxWriter, dialogIdsOf, dialogsOfLanes, type OutboxWriter } from './testing/outbox-writer.ts';
import { openRelay, openRelayFixture, type RelayFixture, untilPassed } from './testing/relay-fixture.ts';

let fixture: RelayFixture;
beforeAll(async () => {
  fixture = await openRelayFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.close());

const backlogRows = 30_000;
const backlogDialogs = 1_000;
const backlogDialogId = (number: number) => `019cf0a2-6d5e-7000-8000-${String(number).padStart(12, '0')}`;

/** Changes of a thousand dialogs, with an event for the owner each. */
async function writeBacklog(lane: number): Promise<void> {
  await sql`
    insert into outbox (lane, seq, occurred_at, change)
    select ${lane}, seq, now(), json_build_object(
      'dialogId', ('019cf0a2-6d5e-7000-8000-' || lpad((seq % ${backlogDialogs}::int)::text, 12, '0'))::uuid,
      'revision', gen_random_uuid(), 'org', 'ttd', 'party', 'urn:altinn:organization:identifier-no:991825827',
      'serviceResource', 'urn:altinn:resource:super-simple-service', 'process', null, 'precedingProcess', null,
      'occurredAt', '2026-03-01T08:15:30.1230000Z', 'traceparent', null,
      'events', json_build_array(json_build_object(
        'id', '019cf0a2-6d5e-7000-9000-' || lpad(seq::text, 12, '0'),
        'audiences', json_build_array('owner'), 'type', 'DialogUpdated')))
    from generate_series(1, ${backlogRows}::int) as seq
  `.execute(fixture.db);
  await sql`update lane set outbox_seq = ${backlogRows} where id = ${lane}`.execute(fixture.db);
}

/** How long new changes of new dialogs take on any lane while one is behind, in milliseconds, ascending. */
async function latenciesMs(writer: OutboxWriter, isBehind: () => Promise<boolean>): Promise<number[]> {
  const { admin } = fixture;
  const latencies: number[] = [];
  for (let number = 0; await isBehind(); number += 1) {
    const [dialogId = ''] = dialogIdsOf(1);
    const arrives = admin.subscribe(ownerFilter({ org: 'ttd', dialogId }), { max: 1 });
    await admin.flush();
    const writtenAt = performance.now();
    await writer.write(number % 4, [dialogId]);
    for await (const _ of arrives) latencies.push(performance.now() - writtenAt);
    // Of a dialog in the backlog; the same one now and then.
    await writer.write(0, [backlogDialogId(number % 7)]);
  }
  return latencies.sort((one, other) => one - other);
}

it('30,000 changes behind in one lane keep nobody waiting but later changes of the same dialogs', async () => {
  const { admin, db } = fixture;
  await writeBacklog(0);
  const writer = createOutboxWriter(db, admin);
  // All lanes share one turn, and one ahead.
  const relay = openRelay({ ...fixture.env, RELAY_LANES_AT_ONCE_MAX: '1', RELAY_BYPASS_NOTE_ROWS_MAX: '7000' });
  try {
    await relay.ready();
    const ofLane = { lane: '0' };
    const lag = () => relay.metric('dialog_relay_lag_rows', ofLane);
    await vi.waitFor(async () => expect(await countStored(admin)).toBeGreaterThan(0), 5_000);
    expect(await relay.metric('dialog_relay_bypass_open')).toBe(1);
    expect(await relay.metric('dialog_relay_bypass_open', ofLane)).toBe(1);

    const latencies = await latenciesMs(writer, async () => (await lag()) > 5_000);
    expect(latencies.length).toBeGreaterThan(10);
    expect(latencies[Math.floor(latencies.length / 2)]).toBeLessThan(1_000);
    expect(latencies.at(-1)).toBeLessThan(5_000);
    expect(await relay.metric('dialog_relay_bypass_open', ofLane)).toBe(1);
    expect(await relay.metric('dialog_relay_new_lag_seconds', ofLane)).toBeLessThan(5);

    await untilPassed(fixture);
    for (const name of ['lag_seconds', 'new_lag_seconds', 'bypass_open']) {
      expect(await relay.metric(`dialog_relay_${name}`), name).toBe(0);
    }
    expect(await db.selectFrom('outbox_bypass_dialog').select('dialog_id').execute()).toEqual([]);

    // The backlog is there once, in order, and what was written meanwhile is there once, each dialog's in order and
    // behind what its dialog had in the backlog.
    const stored = (await readStored(admin)).map(({ messageId, subject }) => ({
      messageId,
      key: `${subject.slice(subject.lastIndexOf('.') + 1)}.${messageId.slice(messageId.lastIndexOf('.') + 1)}`,
    }));
    const isOld = ({ messageId }: { messageId: string }) => messageId.startsWith('019cf0a2-6d5e-7000-9000');
    expect(stored.filter(isOld).map(({ messageId }) => Number(messageId.slice(24, 36)))).toEqual(
      Array.from({ length: backlogRows }, (_, index) => index + 1),
    );
    const written = Map.groupBy(
      stored.filter((message) => !isOld(message)),
      ({ key }) => key,
    );
    expect(new Map([...written].map(([key, own]) => [key, own.map(({ messageId }) => messageId)]))).toEqual(
      writer.expected,
    );
    for (let number = 0; number < 7; number += 1) {
      const own = stored.filter(({ key }) => key === `${backlogDialogId(number)}.owner`);
      expect(own.findLastIndex(isOld)).toBe(backlogRows / backlogDialogs - 1);
    }
  } finally {
    await relay.close();
  }
});

it('relays that are behind again and again, and lose their connections, lose and reorder nothing', async () => {
  const { db, admin } = fixture;
  const writer = createOutboxWriter(db, admin);
  const dialogs = dialogsOfLanes(6);
  /** Of one dialog, or of all of a lane. */
  const write = (rounds: number) =>
    Promise.all(
      dialogs.map(async (dialogIds, lane) => {
        for (let round = 0; round < rounds; round += 1) {
          const [more = '', less = ''] = [dialogIds[round % 3], dialogIds[3 + (round % 3)]];
          await writer.write(lane, round % 20 === 19 ? dialogIds : round % 2 === 0 ? [more] : [more, less, more]);
        }
      }),
    );
  await write(50);
  const env = {
    ...fixture.env,
    RELAY_BYPASS_ROWS_MIN: '20',
    RELAY_BYPASS_NOTE_ROWS_MAX: '15',
    RELAY_RETRY_MAX_MS: '100',
  };
  const relays = ['3', '4', '5'].map((rows) => openRelay({ ...env, RELAY_BATCH_ROWS_MAX: rows }));
  try {
    let writing = true;
    const written = write(60).finally(() => {
      writing = false;
    });
    let seenOpen = 0;
    for (let round = 0; writing; round += 1) {
      seenOpen += (await db.selectFrom('outbox_bypass').select('lane').execute()).length;
      if (round % 20 !== 19) continue;
      await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'event-relay' and datname = current_database()
      `.execute(db);
    }
    await written;
    expect(seenOpen).toBeGreaterThan(0);
    await untilPassed(fixture, 40_000);
    await expectAllOnceInOrder(admin, writer);
    await vi.waitFor(async () => {
      expect(await db.selectFrom('outbox_bypass').select('lane').execute()).toEqual([]);
    }, 5_000);
  } finally {
    for (const relay of relays) await relay.close();
  }
});
