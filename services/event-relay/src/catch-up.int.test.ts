/** What a backlog does to what comes new: nothing to other lanes, and its own lane works it off in order. */
import { ownerFilter } from '@dialog/events/subjects';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { countStored, readStored } from './testing/event-log.ts';
import { createOutboxWriter, dialogIdsOf, type OutboxWriter } from './testing/outbox-writer.ts';
import { openRelay, openRelayFixture, type RelayFixture, untilPassed } from './testing/relay-fixture.ts';

let fixture: RelayFixture;
beforeAll(async () => {
  fixture = await openRelayFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.close());

const backlogRows = 50_000;

/** Changes of a thousand dialogs, with an event for the owner each. */
async function writeBacklog(lane: number): Promise<void> {
  await sql`
    insert into outbox (lane, seq, occurred_at, change)
    select ${lane}, seq, now(), json_build_object(
      'dialogId', ('019cf0a2-6d5e-7000-8000-' || lpad((seq % 1000)::text, 12, '0'))::uuid,
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

/** How long new changes of other lanes take while a lane is behind, in milliseconds, ascending. */
async function latenciesMs(writer: OutboxWriter, isBehind: () => Promise<boolean>): Promise<number[]> {
  const { admin } = fixture;
  const latencies: number[] = [];
  for (let number = 0; await isBehind(); number += 1) {
    const [dialogId = ''] = dialogIdsOf(1);
    const arrives = admin.subscribe(ownerFilter({ org: 'ttd', dialogId }), { max: 1 });
    await admin.flush();
    const writtenAt = performance.now();
    await writer.write(1 + (number % 3), [dialogId]);
    for await (const _ of arrives) latencies.push(performance.now() - writtenAt);
  }
  return latencies.sort((one, other) => one - other);
}

it('50,000 changes behind in one lane keep new ones of other lanes waiting for a batch, and its own for their turn', async () => {
  const { admin, db } = fixture;
  await writeBacklog(0);
  const writer = createOutboxWriter(db, admin);
  const [dialogId = ''] = dialogIdsOf(1);
  await writer.write(0, [dialogId]);
  // All lanes share one turn.
  const relay = openRelay({ ...fixture.env, RELAY_LANES_AT_ONCE_MAX: '1' });
  try {
    await relay.ready();
    const lag = () => relay.metric('dialog_relay_lag_rows', { lane: '0' });
    await vi.waitFor(async () => expect(await countStored(admin)).toBeGreaterThan(0), 5_000);
    const latencies = await latenciesMs(writer, async () => (await lag()) > 0);
    expect(latencies.length).toBeGreaterThan(10);
    expect(latencies[Math.floor(latencies.length / 2)]).toBeLessThan(1_000);
    expect(latencies.at(-1)).toBeLessThan(5_000);
    await untilPassed(fixture);
    expect(await relay.metric('dialog_relay_lag_seconds')).toBe(0);

    // What was written last in the lane comes last of it, and each of the others is there once, in order.
    const ofLane = (await readStored(admin, ownerFilter({ org: 'ttd' }))).filter(
      ({ messageId, subject }) => messageId.startsWith('019cf0a2-6d5e-7000-9000') || subject.endsWith(dialogId),
    );
    expect(ofLane.slice(-2).map(({ messageId }) => messageId)).toEqual(writer.expected.get(`${dialogId}.owner`));
    const numbers = ofLane.slice(0, -2).map(({ messageId }) => Number(messageId.slice(24, 36)));
    expect(numbers).toEqual(Array.from({ length: backlogRows }, (_, index) => index + 1));
  } finally {
    await relay.close();
  }
});
