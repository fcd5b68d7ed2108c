import { randomInt } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { timestampOf } from '@dialog/contracts/timestamp';
import * as outboxRefusals from '@dialog/database/tables/outbox-refusals';
import { ensureEventStream } from '@dialog/events/stream';
import { ownerFilter, partyFilter, partyKeyOf } from '@dialog/events/subjects';
import { type NatsHandle, openNats } from '@dialog/local/nats';
import type { NatsConnection } from '@nats-io/transport-node';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  countStored,
  deleteStream,
  expectAllOnceInOrder,
  openAdmin,
  readStored,
  untilStored,
} from './testing/event-log.ts';
import { createOutboxWriter, dialogIdsOf, dialogsOfLanes, laneCount, party } from './testing/outbox-writer.ts';
import {
  openRelay,
  openRelayFixture,
  partyKeySecret,
  type RelayFixture,
  type TestRelay,
  untilPassed,
} from './testing/relay-fixture.ts';

const streamSettings = { replicas: 1, ageMaxMs: 3_600_000, bytesMax: 16 * 1_024 ** 2, duplicateWindowMs: 60_000 };

let fixture: RelayFixture;
let relay: TestRelay | undefined;

beforeAll(async () => {
  fixture = await openRelayFixture();
});
beforeEach(() => fixture.reset());
afterEach(async () => {
  await relay?.close();
  relay = undefined;
});
afterAll(() => fixture.close());

function open(own: Record<string, string> = {}): TestRelay {
  relay = openRelay({ ...fixture.env, ...own });
  return relay;
}

describe('relaying', () => {
  it('publishes the changes of each dialog in the order of commits, for both audiences', async () => {
    const { ready, metric } = open({ RELAY_BATCH_ROWS_MAX: '7' });
    await ready();
    const writer = createOutboxWriter(fixture.db, fixture.admin);
    await writer.writeOnAllLanes(dialogsOfLanes(5), 20);
    await untilPassed(fixture);
    await expectAllOnceInOrder(fixture.admin, writer);
    expect(await metric('dialog_relay_messages_published_total')).toBe(writer.expectedCount());
    expect(await metric('dialog_relay_lag_rows')).toBe(0);
  });

  it('does so at once when it is told of new rows', async () => {
    await open({ RELAY_POLL_MS: '60000' }).ready();
    const writer = createOutboxWriter(fixture.db, fixture.admin);
    await writer.write(2, dialogIdsOf(1));
    await untilStored(fixture.admin, writer.expectedCount());
  });

  it('finds them by itself when nobody tells it', async () => {
    await open().ready();
    const writer = createOutboxWriter(fixture.db);
    await writer.write(3, dialogIdsOf(2));
    await untilPassed(fixture);
    await expectAllOnceInOrder(fixture.admin, writer);
  });

  it('gives the party nothing that is for the owner alone', async () => {
    const { db, admin } = fixture;
    const writer = createOutboxWriter(db, admin);
    const [hidden = '', visible = ''] = dialogIdsOf(2);
    const forOwner = { id: '019cf0a2-6d5e-7000-8000-000000000001', audiences: ['owner' as const] };
    await writer.write(0, [hidden], { events: [{ ...forOwner, type: 'DialogCreated' }] });
    await writer.write(0, [visible]);
    await open().ready();
    await untilPassed(fixture);
    await expectAllOnceInOrder(admin, writer);

    const forParty = await readStored(admin, partyFilter(partyKeyOf(party, partyKeySecret)));
    expect(forParty).toHaveLength(2);
    expect(forParty.filter(({ subject }) => subject.endsWith(hidden))).toEqual([]);
    expect(await readStored(admin, ownerFilter({ org: 'ttd' }))).toHaveLength(3);
    expect(await readStored(admin, ownerFilter({ org: 'ttd', dialogId: hidden }))).toHaveLength(1);
    expect(await readStored(admin, ownerFilter({ org: 'other' }))).toEqual([]);
    for (const { body } of forParty) {
      expect(JSON.parse(body)).toMatchObject({
        specversion: '1.0',
        subject: party,
        source: expect.stringMatching(/^https:\/\/dialog\.example\/api\/v1\/enduser\/dialogs\//),
      });
    }
  });

  it('passes over what can never be published, keeps it, and goes on', async () => {
    const { db, admin } = fixture;
    const writer = createOutboxWriter(db, admin);
    const [dialogId = ''] = dialogIdsOf(1);
    await writer.write(1, [dialogId]);
    await sql`
      insert into outbox (lane, seq, occurred_at, change) values (1, 2, now(), '{"dialogId": "not one"}')
    `.execute(db);
    await sql`update lane set outbox_seq = 2 where id = 1`.execute(db);
    const tooLarge = createOutboxWriter(db, admin);
    await tooLarge.write(1, [dialogId], { process: `urn:${'x'.repeat(2 * 1_024 ** 2)}` });
    await writer.write(1, [dialogId]);

    const { ready, metric, log } = open();
    await ready();
    await untilPassed(fixture);
    await expectAllOnceInOrder(admin, writer);
    const refusals = await outboxRefusals.list(db, 100);
    const [unreadable, ...large] = refusals.toSorted((one, other) => one.seq - other.seq);
    expect(unreadable).toMatchObject({ lane: 1, seq: 2, messageId: '', change: '{"dialogId": "not one"}' });
    expect(large.map(({ messageId }) => messageId).toSorted()).toEqual([...tooLarge.expected.values()].flat().sort());
    for (const { seq, reason } of large) expect([seq, reason]).toEqual([3, expect.stringContaining('max_payload')]);
    expect(await metric('dialog_relay_messages_refused_total')).toBe(1 + tooLarge.expectedCount());
    expect(await metric('dialog_relay_refusals')).toBe(1 + tooLarge.expectedCount());
    expect(log.filter((line) => line.includes('"level":"error"'))).toHaveLength(refusals.length);
  });

  it('replays what was refused when an operator asks for it, and nothing else of its row', async () => {
    const { db, admin } = fixture;
    const writer = createOutboxWriter(db, admin);
    await writer.write(1, dialogIdsOf(1));
    const { ready, metric } = open();
    await ready();
    await untilPassed(fixture);
    const [change = ''] = (await db.selectFrom('outbox').select('change').execute()).map((row) => row.change);
    const [refused = ''] = [...writer.expected.values()].flat();
    const kept = { reader: 'event-relay', lane: 1, refusedAt: timestampOf(Date.now()), reason: 'Too large.' };
    await outboxRefusals.insert(db, { ...kept, seq: 1, messageId: refused, change });
    await outboxRefusals.insert(db, { ...kept, seq: 2, messageId: '', change: '{"dialogId": "not one"}' });
    // As if it had never been published.
    await deleteStream(admin);
    await ensureEventStream(admin, streamSettings);
    expect(await metric('dialog_relay_refusals')).toBe(2);

    const asked = { at: timestampOf(Date.now()), again: false };
    expect(await outboxRefusals.askForReplay(db, { reader: 'event-relay' }, asked)).toBe(2);
    await untilStored(admin, 1);
    expect((await readStored(admin)).map(({ messageId }) => messageId)).toEqual([refused]);
    // The other one is as unreadable as before.
    await vi.waitFor(async () => {
      const [unreadable] = (await outboxRefusals.list(db, 10)).filter(({ replayedAt }) => replayedAt === null);
      expect(unreadable).toMatchObject({ seq: 2, replayAskedAt: null, reason: expect.stringContaining('dialogId') });
    }, 5_000);
    expect(await metric('dialog_relay_refusals')).toBe(1);
  });

  it('goes on when Postgres drops its connections', async () => {
    const { db, admin } = fixture;
    const { metric } = open({ RELAY_BATCH_ROWS_MAX: '5' });
    const writer = createOutboxWriter(db, admin);
    const writing = writer.writeOnAllLanes(dialogsOfLanes(5), 40);
    for (let times = 1; times <= 3; times += 1) {
      await untilStored(admin, times * 300);
      await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'event-relay' and datname = current_database()
      `.execute(db);
    }
    await writing;
    await untilPassed(fixture);
    await expectAllOnceInOrder(admin, writer);
    expect(await metric('dialog_relay_interruptions_total')).toBeGreaterThan(0);
  });
});

describe('without NATS', () => {
  let nats: NatsHandle;
  let own: Record<string, string>;

  beforeEach(async () => {
    nats = await openNats({ dataDir: mkdtempSync(path.join(fixture.folder, 'nats-')), durability: 'relaxed' });
    own = { NATS_URL: nats.url, NATS_CREDS: nats.creds.eventRelay };
  });
  afterEach(async () => {
    await relay?.close();
    relay = undefined;
    await nats.stop();
  });

  /** With a connection made anew: what is asked of one that is about to reconnect gets lost. */
  async function asking(question: (reader: NatsConnection) => Promise<void>): Promise<void> {
    const reader = await openAdmin(nats.url, nats.creds.admin);
    await question(reader);
    await reader.close();
  }

  it('starts, says that it does not relay, and publishes everything in order once NATS is there', async () => {
    await nats.stop();
    const { check, ready, metric, log } = open(own);
    const writer = createOutboxWriter(fixture.db);
    await writer.writeOnAllLanes(dialogsOfLanes(5), 5);
    await expect(check()).rejects.toThrow();
    await vi.waitFor(async () => expect(await metric('dialog_relay_lag_rows')).toBe(laneCount * 25));
    expect(await metric('dialog_relay_lag_seconds')).toBeGreaterThan(0);
    await vi.waitFor(async () => expect(await metric('dialog_relay_interruptions_total')).toBeGreaterThan(3), 15_000);

    await nats.start();
    await ready();
    await untilPassed(fixture);
    await asking((reader) => expectAllOnceInOrder(reader, writer));
    // Many attempts, few lines.
    expect(log.filter((line) => line.includes('"level":"warn"')).length).toBeLessThan(3);
  });

  it('stopped and killed while events flow, loses and repeats nothing', async () => {
    const { ready } = open({ ...own, RELAY_BATCH_ROWS_MAX: '20' });
    await ready();
    const writer = createOutboxWriter(fixture.db);
    const dialogs = dialogsOfLanes(10);
    for (const end of [nats.stop, nats.kill, nats.stop, nats.kill]) {
      const writing = writer.writeOnAllLanes(dialogs, 20);
      await asking(async (reader) => untilStored(reader, (await countStored(reader)) + 1 + randomInt(500)));
      await end();
      // Writes take no notice of NATS.
      await writing;
      await nats.start();
      await ready();
    }
    await untilPassed(fixture);
    await asking((reader) => expectAllOnceInOrder(reader, writer));
  });
});
