import type { ServerHandle } from '@dialog/local/server-process';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { openPrivatePostgres, openPrivateRedis } from '../constellation/private-servers.ts';
import { createdId, type ServiceOwner, smallDialog } from '../constellation/service-owner.ts';

let space: TestSpace;
let redis: ServerHandle;
let postgres: ServerHandle;
let services: Constellation;
let worker: ServerHandle;
let ttd: ServiceOwner;
beforeAll(async () => {
  space = await openTestSpace();
  const [ownPostgres, ownRedis] = await Promise.all([openPrivatePostgres(), openPrivateRedis()]);
  [postgres, redis] = [ownPostgres.server, ownRedis.server];
  services = await openConstellation({ ...space, ...ownPostgres.addresses, ...ownRedis.addresses });
  [worker] = await Promise.all([services.startVisibilityWorker(), services.startWorker(), services.startGateway()]);
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await services.close();
  await redis.stop();
  await postgres.stop();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

/** What the party of a dialog has been told, by the outbox. */
async function told(dialogId: string): Promise<string[]> {
  const { rows } = await sql<{ type: string }>`
    select event ->> 'type' as type
    from outbox cross join lateral json_array_elements(change -> 'events') as event
    where change ->> 'dialogId' = ${dialogId} and event ->> 'audiences' like '%party%' order by seq
  `.execute(services.db);
  return rows.map(({ type }) => type);
}

async function emptyRedis(): Promise<void> {
  const connection = new Redis(redis.url);
  await connection.flushall();
  connection.disconnect();
}

async function killed(server: ServerHandle): Promise<void> {
  await server.kill();
  await server.start();
}

describe.each([
  ['Redis has lost everything', emptyRedis],
  ['Redis was killed', () => killed(redis)],
  ['Postgres was killed', () => killed(postgres)],
  [
    'both were killed, and Redis has lost everything',
    async () => {
      await Promise.all([killed(postgres), killed(redis)]);
      await emptyRedis();
    },
  ],
])('the visibility-worker, after %s,', (_, happen) => {
  it('tells of what became visible meanwhile, and of what does later', async () => {
    const pid = worker.pid;
    const visibleFrom = new Date(Date.now() + 3_600_000);
    const [first = '', second = ''] = await Promise.all(
      Array.from({ length: 2 }, async () => createdId(await ttd.createDialog(smallDialog({ visibleFrom })))),
    );
    // As if the hour had nearly passed.
    for (const [dialogId, seconds] of [
      [first, 1],
      [second, 6],
    ]) {
      await sql`
        update dialog set visible_from = now() + ${seconds}::int * interval '1 second',
          visibility_due_at = now() + ${seconds}::int * interval '1 second'
        where id = ${dialogId}
      `.execute(services.db);
    }
    await happen();
    for (const dialogId of [first, second]) {
      await vi.waitFor(async () => expect(await told(dialogId)).toEqual(['DialogCreated']), {
        timeout: 60_000,
        interval: 100,
      });
    }
    expect(worker.pid).toBe(pid);
  });
});
