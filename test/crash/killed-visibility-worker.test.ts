import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { createdId, type ServiceOwner, smallDialog } from '../constellation/service-owner.ts';

let space: TestSpace;
let services: Constellation;
let ttd: ServiceOwner;
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  await Promise.all([services.startGateway(), services.startWorker()]);
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

/** How often each dialog's party has been told that it was created. */
async function tellings(): Promise<Map<string, number>> {
  const { rows } = await sql<{ dialogId: string; count: number }>`
    select change ->> 'dialogId' as "dialogId", count(*) as count
    from outbox cross join lateral json_array_elements(change -> 'events') as event
    where event ->> 'type' = 'DialogCreated' and event ->> 'audiences' like '%party%'
    group by 1
  `.execute(services.db);
  return new Map(rows.map(({ dialogId, count }) => [dialogId, count]));
}

describe('visibility-workers that are killed in the middle', () => {
  it('leave nothing untold, and nothing told twice', async () => {
    const dialogs = 200;
    const visibleFrom = new Date(Date.now() + 3_600_000);
    const created = await Promise.all(
      Array.from({ length: dialogs }, () => ttd.createDialog(smallDialog({ visibleFrom }))),
    );
    const dialogIds = created.map(createdId);
    // Slow enough that there is a middle.
    const settings = { DIALOGS_AT_ONCE_MAX: '1' };
    const workers = await Promise.all([
      services.startVisibilityWorker(settings),
      services.startVisibilityWorker(settings),
    ]);
    // As if the hour had passed.
    await sql`update dialog set visible_from = now(), visibility_due_at = now()`.execute(services.db);

    for (const share of [0.1, 0.4]) {
      await vi.waitFor(async () => expect((await tellings()).size).toBeGreaterThan(dialogs * share), {
        timeout: 60_000,
        interval: 10,
      });
      await Promise.all(workers.map((worker) => worker.kill()));
      expect((await tellings()).size, 'told before all were killed').toBeLessThan(dialogs);
      await Promise.all(workers.map((worker) => worker.start()));
    }
    await vi.waitFor(async () => expect((await tellings()).size).toBe(dialogs), { timeout: 60_000, interval: 50 });
    expect(await tellings()).toEqual(new Map(dialogIds.map((id) => [id, 1])));
  });
});
