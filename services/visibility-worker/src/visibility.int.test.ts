import { addMs, type Timestamp } from '@dialog/contracts/timestamp';
import {
  createDialog,
  createTransmission,
  deleteDialog,
  restoreDialog,
  updateDialog,
} from '@dialog/domain/testing/examples';
import { LaneUnavailable } from '@dialog/lanes/faults';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openVisibilityFixture, present, type VisibilityFixture } from './testing/visibility-fixture.ts';

let fixture: VisibilityFixture;
beforeAll(async () => {
  fixture = await openVisibilityFixture();
});
afterEach(() => fixture.stopVisibilityWorkers());
afterAll(() => fixture.close());

const minuteMs = 60_000;
const fromNow = (ms: number) => addMs(present(), ms);
const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 20 });
/** Until what the party has been told begins with this. */
const told = (dialogId: string, types: readonly string[]) =>
  until(async () => expect((await fixture.told(dialogId)).slice(0, types.length)).toEqual(types));
const untilNothingIsDue = () =>
  until(async () => {
    const due = sql<{ due: number }>`select count(*) as due from dialog where visibility_due_at is not null`;
    expect((await due.execute(fixture.db)).rows).toEqual([{ due: 0 }]);
  });

/** Creates dialogs that become visible in half an hour, however long that takes. */
const hidden = (count: number) =>
  Promise.all(
    Array.from({ length: count }, () => fixture.applied(createDialog({ visibleFrom: fromNow(30 * minuteMs) }))),
  );
/** Moves the moment at which dialogs become visible, as nobody can but a test. */
const appear = (dialogIds: readonly string[], inMs = 0) =>
  sql`
    update dialog set visible_from = ${fromNow(inMs)}, visibility_due_at = ${fromNow(inMs)} where id = any(${dialogIds})
  `.execute(fixture.db);

/** A clock that can be set, and that tells how often it has been read. */
function adjustable(byMs: number) {
  const clock = {
    byMs,
    reads: 0,
    now(): Timestamp {
      clock.reads += 1;
      return fromNow(clock.byMs);
    },
    /** When it has been read several times more. */
    async untilRead(): Promise<void> {
      const before = clock.reads;
      await until(async () => expect(clock.reads).toBeGreaterThan(before + 10));
    },
  };
  return clock;
}

describe('the visibility-worker', () => {
  it('tells the party of a dialog when it becomes visible, and when it expires', async () => {
    const worker = await fixture.openVisibilityWorker();
    worker.start();
    const dialogId = await fixture.applied(createDialog({ visibleFrom: fromNow(2_000), expiresAt: fromNow(3_000) }));
    await fixture.applied(createTransmission(), dialogId);
    await told(dialogId, ['DialogCreated', 'DialogTransmissionCreated']);
    await told(dialogId, ['DialogCreated', 'DialogTransmissionCreated', 'DialogExpired']);
    await fixture.applied(updateDialog({ expiresAt: null }), dialogId);
    await told(dialogId, ['DialogCreated', 'DialogTransmissionCreated', 'DialogExpired', 'DialogUpdated']);
    expect(await worker.registry.metrics()).toContain('dialog_visibility_commands_total{status="Applied"} 2');
  });

  it('finds what became due while nobody looked, or is due by a restore', async () => {
    const [first = '', second = '', deleted = ''] = await hidden(3);
    await fixture.applied(deleteDialog(), deleted);
    await appear([first, second]);
    await sql`update dialog set visible_from = ${present()} where id = ${deleted}`.execute(fixture.db);
    const worker = await fixture.openVisibilityWorker();
    expect(await worker.lookAhead(minuteMs, 10)).toEqual(['now']);
    worker.start();
    for (const dialogId of [first, second]) await told(dialogId, ['DialogCreated']);
    expect(await fixture.told(deleted)).toEqual([]);
    await fixture.applied(restoreDialog(), deleted);
    await told(deleted, ['DialogCreated']);
  });

  it('sets its alarms anew when Redis has lost everything', async () => {
    (await fixture.openVisibilityWorker({ sweepMs: 100 })).start();
    const [dialogId = ''] = await hidden(1);
    await appear([dialogId], 2_000);
    const queue = fixture.alarmQueue();
    await until(async () => expect(await queue.getDelayedCount()).toBe(1));
    const keys = await fixture.redis.keys(`${fixture.redisPrefix}:*`);
    expect(keys.length).toBeGreaterThan(0);
    await fixture.redis.del(keys);
    await until(async () => expect(await queue.getDelayedCount()).toBe(1));
    await told(dialogId, ['DialogCreated']);
  });

  it('may be there twice', async () => {
    const dialogIds = await hidden(60);
    const [one, other] = [await fixture.openVisibilityWorker(), await fixture.openVisibilityWorker()];
    one.start();
    other.start();
    await appear(dialogIds, 500);
    await untilNothingIsDue();
    for (const dialogId of dialogIds) expect(await fixture.told(dialogId)).toEqual(['DialogCreated']);
  });

  it('tells nothing twice, though two send all the same commands', async () => {
    const dialogIds = await hidden(60);
    await appear(dialogIds);
    const [one, other] = [await fixture.openVisibilityWorker(), await fixture.openVisibilityWorker()];
    const { signal } = new AbortController();
    await Promise.all([one.applyDue(signal), other.applyDue(signal)]);
    for (const dialogId of dialogIds) expect(await fixture.told(dialogId)).toEqual(['DialogCreated']);
  });

  it('waits while the lanes are full', async () => {
    const dialogIds = await hidden(60);
    await appear(dialogIds);
    const hasty = { waitingCommandsMax: 3, retryAfterMs: 10 };
    const worker = await fixture.openVisibilityWorker({ lanes: hasty });
    worker.start();
    await untilNothingIsDue();
    for (const dialogId of dialogIds) expect(await fixture.told(dialogId)).toEqual(['DialogCreated']);
    expect(await worker.registry.metrics()).toMatch(/dialog_visibility_lane_full_total [1-9]/);
  });

  it('finds what is due when its clock is put right after having been slow', async () => {
    const clock = adjustable(-60 * minuteMs);
    (await fixture.openVisibilityWorker(clock)).start();
    const [dialogId = ''] = await hidden(1);
    await appear([dialogId]);
    await clock.untilRead();
    expect(await fixture.told(dialogId)).toEqual([]);
    clock.byMs = 0;
    await told(dialogId, ['DialogCreated']);
  });

  it('tells nothing too early with a clock that is fast, nor twice', async () => {
    const clock = adjustable(60 * minuteMs);
    const worker = await fixture.openVisibilityWorker(clock);
    worker.start();
    const [dialogId = ''] = await hidden(1);
    await until(async () => expect(await worker.registry.metrics()).toContain('{status="Applied"}'));
    expect(await fixture.told(dialogId)).toEqual([]);
    clock.byMs = 0;
    await appear([dialogId]);
    await told(dialogId, ['DialogCreated']);
    await untilNothingIsDue();
    await clock.untilRead();
    expect(await fixture.told(dialogId)).toEqual(['DialogCreated']);
  });

  it('leaves a dialog alone for a while whose command has failed', async () => {
    const [dialogId = ''] = await hidden(1);
    await appear([dialogId]);
    const clock = adjustable(0);
    const sent: string[] = [];
    const worker = await fixture.openVisibilityWorker({
      now: clock.now,
      async submit({ id, kind, dialogId: about, receivedAt }) {
        sent.push(about);
        return { id, kind, dialogId: about, receivedAt, status: 'Failed' };
      },
    });
    const { signal } = new AbortController();
    await worker.applyDue(signal);
    await worker.applyDue(signal);
    expect(sent).toEqual([dialogId]);
    clock.byMs = 2 * minuteMs;
    await worker.applyDue(signal);
    expect(sent).toEqual([dialogId, dialogId]);

    const healthy = await fixture.openVisibilityWorker();
    await healthy.applyDue(signal);
    expect(await fixture.told(dialogId)).toEqual(['DialogCreated']);
  });

  it('begins nothing more when it is told to stop, and fails with what the lanes fail with', async () => {
    await appear(await hidden(100));
    const stopping = new AbortController();
    let sent = 0;
    const stopped = await fixture.openVisibilityWorker({
      async submit({ id, kind, dialogId, receivedAt }) {
        sent += 1;
        stopping.abort();
        return { id, kind, dialogId, receivedAt, status: 'Applied' };
      },
    });
    await stopped.applyDue(stopping.signal);
    expect(sent).toBe(1);

    const { signal } = new AbortController();
    const away = new LaneUnavailable('Redis is not connected.');
    const failing = await fixture.openVisibilityWorker({ submit: () => Promise.reject(away) });
    await expect(failing.applyDue(signal)).rejects.toBe(away);
    await (await fixture.openVisibilityWorker()).applyDue(signal);
    await untilNothingIsDue();
  });

  it('sets one alarm for all that is due at nearly the same time, and none beyond the horizon', async () => {
    const { db } = fixture;
    const dialogIds = await Promise.all(Array.from({ length: 6 }, () => fixture.applied(createDialog())));
    const start = `${fromNow(10 * minuteMs).slice(0, 19)}Z`;
    const setDue = (seconds: readonly (string | null)[]) =>
      sql`
        update dialog set visibility_due_at = ${start}::timestamptz + seconds * interval '1 second'
        from unnest(${dialogIds}::uuid[], ${seconds}::numeric[]) as given (dialog_id, seconds) where dialog_id = id
      `.execute(db);
    await setDue(['0.001', '0.049999', '0.05', '0.7', '0.75', '60']);
    const worker = await fixture.openVisibilityWorker();
    const alarms = await worker.lookAhead(10 * minuteMs + 5_000, 50);
    expect(alarms.map((at) => at.slice(20, 23))).toEqual(['050', '100', '750', '800']);
    await setDue(dialogIds.map(() => null));
  });
});
