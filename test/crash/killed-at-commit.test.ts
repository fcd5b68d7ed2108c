import type { ServerHandle } from '@dialog/local/server-process';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import {
  beginRequest,
  commitDone,
  commitRequest,
  type HoldingProxy,
  openHoldingProxy,
} from '../constellation/holding-proxy.ts';
import {
  createdId,
  etagOf,
  numberedAttachment,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

let space: TestSpace;
let services: Constellation;
let proxy: HoldingProxy;
let ttd: ServiceOwner;
let dialogId: string;
let worker: ServerHandle;
beforeAll(async () => {
  space = await openTestSpace();
  proxy = await openHoldingProxy(space.databaseUrl);
  // One lane: everything here is about what follows what.
  services = await openConstellation(space, { laneCount: 1 });
  [worker] = await Promise.all([
    services.startWorker({ DATABASE_URL: proxy.url }),
    services.startGateway({ WRITE_WAIT_MS: '30000' }),
  ]);
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await services.close();
  await proxy.close();
  await space.close();
});
beforeEach(async ({ onTestFailed }) => {
  onTestFailed(() => console.error(services.logs()));
  dialogId = createdId(await ttd.createDialog(smallDialog()));
});

async function change(number: number, headers: Record<string, string> = {}) {
  return ttd.patchDialog(dialogId, numberedAttachment('a', number), headers);
}

async function facts() {
  const { db } = services;
  const { body } = await ttd.getDialog(dialogId);
  const { attachments } = z.object({ attachments: z.array(z.object({ name: z.string() })) }).parse(body);
  const operations = await db
    .selectFrom('operation')
    .select(['revision', 'status'])
    .where('dialog_id', '=', dialogId)
    .where('kind', '=', 'PatchDialog')
    .orderBy('ended_at')
    .execute();
  const outbox = await db.selectFrom('outbox').select('change').orderBy('seq').execute();
  return {
    added: attachments.map(({ name }) => name),
    operations,
    events: outbox.flatMap(({ change }) => JSON.parse(change)).filter((change) => change.dialogId === dialogId).length,
  };
}

describe.each([
  ['once', 1],
  ['twice on the same envelope', 2],
])('a worker killed %s', (_, kills) => {
  it('after the commit, before the reply: rule 3, the command is applied once, and its caller is told the truth', async () => {
    let held = proxy.hold(commitDone);
    const answer = change(1);
    await held;
    const later = await change(2, respondAsync);
    for (let killed = 1; killed <= kills; killed += 1) {
      await held;
      if (killed < kills) held = proxy.hold(commitDone);
      await worker.kill();
      await worker.start();
    }
    const { status, headers } = await answer;
    expect(status).toBe(204);
    expect(await ttd.ended(later)).toMatchObject({ status: 'Applied' });
    const { added, operations, events } = await facts();
    expect(added).toEqual(['a:1', 'a:2']);
    expect(operations).toMatchObject([{ status: 'Applied', revision: headers.get('etag') }, { status: 'Applied' }]);
    // One for the creation, one for each change.
    expect(events).toBe(3);
  });

  it('before the commit: rule 2, the command is next in line, before those that came after it', async () => {
    let held = proxy.hold(commitRequest);
    const answer = change(1);
    await held;
    expect((await facts()).added).toEqual([]);
    const later = await change(2, respondAsync);
    for (let killed = 1; killed <= kills; killed += 1) {
      await held;
      if (killed < kills) held = proxy.hold(commitRequest);
      await worker.kill();
      await worker.start();
    }
    expect((await answer).status).toBe(204);
    expect(await ttd.ended(later)).toMatchObject({ status: 'Applied' });
    const { added, operations, events } = await facts();
    expect(added).toEqual(['a:1', 'a:2']);
    expect(operations).toMatchObject([{ status: 'Applied', revision: etagOf(await answer) }, { status: 'Applied' }]);
    expect(events).toBe(3);
  });
});

describe('a worker that stands still until it is taken for dead, and then goes on', () => {
  it.each([
    ['before its transaction', beginRequest],
    ['in the middle of its transaction', commitRequest],
  ])('%s: rule 3, the command is applied once', async (_, moment) => {
    const held = proxy.hold(moment);
    const answer = change(1);
    const { release } = await held;
    const later = await change(2, respondAsync);
    process.kill(worker.pid ?? 0, 'SIGSTOP');
    const taken = proxy.hold(beginRequest);
    const another = await services.startWorker({ DATABASE_URL: proxy.url });
    // The first one's lock has run out, and the other begins with the envelope. From here on both are at it.
    (await taken).release();
    process.kill(worker.pid ?? 0, 'SIGCONT');
    release();
    expect((await answer).status).toBe(204);
    expect(await ttd.ended(later)).toMatchObject({ status: 'Applied' });
    const { added, operations, events } = await facts();
    expect(added).toEqual(['a:1', 'a:2']);
    expect(operations).toMatchObject([{ status: 'Applied', revision: etagOf(await answer) }, { status: 'Applied' }]);
    expect(events).toBe(3);
    await another.stop();
  });
});

describe('rule 4, accepted is durable', () => {
  it('no caller is told that a change is made before Postgres has committed it', async () => {
    const held = proxy.hold(commitRequest);
    const answer = change(1, { Prefer: 'wait=2' });
    const { release } = await held;
    // The outcome is decided and waits for the commit; the caller's time runs out first.
    expect(await answer).toMatchObject({ status: 202, body: { status: 'Queued' } });
    release();
    expect(await ttd.ended(await answer)).toMatchObject({ status: 'Applied' });
    expect((await facts()).added).toEqual(['a:1']);
  });
});
