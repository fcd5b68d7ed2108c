import { operation } from '@dialog/contracts/operation';
import type { ServerHandle } from '@dialog/local/server-process';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import {
  createdId,
  etagOf,
  numberedActivity,
  operationId,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

let space: TestSpace;
let services: Constellation;
let worker: ServerHandle;
let ttd: ServiceOwner;
let dialogId: string;
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  ({ worker } = await services.startAll());
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await services.close();
  await space.close();
});
beforeEach(async ({ onTestFailed }) => {
  onTestFailed(() => console.error(services.logs()));
  dialogId = createdId(await ttd.createDialog(smallDialog()));
});
let release: (() => Promise<void>) | undefined;
afterEach(() => resume());

/** What is on the lanes stays there, until `resume`. */
async function pause(): Promise<void> {
  release = await services.holdLanes();
}
async function resume(): Promise<void> {
  await release?.();
  release = undefined;
}

const operationPath = (id: string) => `/api/v1/serviceowner/operations/${id}`;

describe('a write with Prefer: respond-async', () => {
  it('is answered 202 at once, with the operation and where to see how it ends', async () => {
    await pause();
    const accepted = await ttd.createActivity(dialogId, numberedActivity('a', 1), respondAsync);
    const id = operationId(accepted);
    expect(accepted.body).toMatchObject({ id, status: 'Queued', kind: 'CreateActivity', dialogId });
    expect(accepted.headers.get('location')).toBe(operationPath(id));
    expect(accepted.headers.get('preference-applied')).toBe('respond-async');
    expect(Number(accepted.headers.get('retry-after'))).toBeGreaterThan(0);

    const queued = await ttd.getOperation(id);
    expect(queued).toMatchObject({ status: 200, body: { id, status: 'Queued' } });
    expect(Number(queued.headers.get('retry-after'))).toBeGreaterThan(0);

    await resume();
    const ended = await ttd.ended(accepted);
    const dialog = await ttd.getDialog(dialogId);
    expect(ended).toMatchObject({ id, status: 'Applied', dialogId, revision: etagOf(dialog) });
    expect(dialog.body).toMatchObject({ activities: [{ extendedType: 'urn:test:a:1' }] });
  });

  it('tells a rejection in the operation, as the problem that a waited write would have got', async () => {
    const old = { 'If-Match': '00000000-0000-4000-8000-000000000000' };
    const waited = await ttd.createActivity(dialogId, numberedActivity('a', 1), old);
    expect(waited.status).toBe(412);
    const ended = await ttd.ended(
      await ttd.createActivity(dialogId, numberedActivity('a', 1), { ...old, ...respondAsync }),
    );
    expect(ended.status).toBe('Rejected');
    expect(waited.body).toMatchObject({ ...ended.problem });
    expect(ended.problem).toMatchObject({ status: 412, title: 'Precondition failed.' });
  });

  it('is refused at once when the request itself is wrong', async () => {
    const refused = await ttd.createActivity(dialogId, { type: 'FormSaved' }, respondAsync);
    expect(refused.status).toBe(400);
  });

  it('keeps the order of the requests, also behind a dialog that is not there yet', async () => {
    await pause();
    const created = await ttd.createDialog(smallDialog(), respondAsync);
    const { dialogId: id } = operation.parse(created.body);
    const patches = [];
    for (let step = 1; step <= 3; step += 1) {
      const patch = [
        { op: 'test', path: '/progress', value: step === 1 ? null : step - 1 },
        { op: 'replace', path: '/progress', value: step },
      ];
      patches.push(await ttd.patchDialog(id, patch, respondAsync));
    }
    await resume();
    for (const accepted of [created, ...patches])
      expect(await ttd.ended(accepted)).toMatchObject({ status: 'Applied' });
    expect((await ttd.getDialog(id)).body).toMatchObject({ progress: 3 });
  });
});

describe('a write with Prefer: wait', () => {
  it('is answered with its outcome when that comes in time', async () => {
    const answer = await ttd.createActivity(dialogId, numberedActivity('a', 1), { Prefer: 'wait=20' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('preference-applied')).toBe('wait=20');
  });

  it('is answered 202 when the time is up, and applied all the same', async () => {
    await pause();
    const startedAt = performance.now();
    const answer = await ttd.createActivity(dialogId, numberedActivity('a', 1), { Prefer: 'wait=1' });
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(answer.headers.get('location')).toBe(operationPath(operationId(answer)));
    expect(await ttd.getOperation(operationId(answer))).toMatchObject({ body: { status: 'Queued' } });

    await resume();
    expect(await ttd.ended(answer)).toMatchObject({ status: 'Applied' });
    expect((await ttd.getDialog(dialogId)).body).toMatchObject({ activities: [{ extendedType: 'urn:test:a:1' }] });
  });
});

describe('an operation', () => {
  it('is waited for with Prefer: wait, until it ends', async () => {
    await pause();
    const id = operationId(await ttd.createActivity(dialogId, numberedActivity('a', 1), respondAsync));
    const polled = ttd.getOperation(id, { Prefer: 'wait=30' });
    await resume();
    expect(await polled).toMatchObject({ status: 200, body: { id, status: 'Applied' } });
  });

  it('is told as it stands when the wait runs out', async () => {
    await pause();
    const id = operationId(await ttd.createActivity(dialogId, numberedActivity('a', 1), respondAsync));
    expect(await ttd.getOperation(id, { Prefer: 'wait=1' })).toMatchObject({ status: 200, body: { status: 'Queued' } });
  });

  it('streams: each status as it comes, then the end', async () => {
    await pause();
    const id = operationId(await ttd.createActivity(dialogId, numberedActivity('a', 1), respondAsync));
    const events = ttd.streamOperation(id);
    expect((await events.next()).value).toMatchObject({ id, status: 'Queued' });
    await resume();
    const last = (await events.next()).value;
    expect(last).toMatchObject({ id, status: 'Applied', revision: etagOf(await ttd.getDialog(dialogId)) });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('that waits on NATS and one that is polled end alike', async () => {
    const waited = await ttd.createActivity(dialogId, numberedActivity('a', 1));
    const revision = etagOf(waited);
    const { id } = await services.db
      .selectFrom('operation')
      .select('id')
      .where('revision', '=', revision)
      .executeTakeFirstOrThrow();
    expect((await ttd.getOperation(id)).body).toMatchObject({ status: 'Applied', revision, dialogId });
  });
});

describe('the services', () => {
  it('end in order when they are told to, with what they have in hand, and nothing is lost', async () => {
    const second = await services.startWorker();
    let stop = false;
    const accepted = (async () => {
      const answers = [];
      for (let number = 0; !stop; number += 1) {
        answers.push(await ttd.createActivity(dialogId, numberedActivity('a', number)));
      }
      return answers;
    })();
    const countApplied = async () => {
      const row = await services.db
        .selectFrom('dialog_activity')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('dialog_id', '=', dialogId)
        .executeTakeFirstOrThrow();
      return row.count;
    };
    for (const handle of [worker, second]) {
      const before = await countApplied();
      await vi.waitFor(async () => expect(await countApplied()).toBeGreaterThan(before + 5), 20_000);
      await handle.stop();
      if (handle === worker) await worker.start();
    }
    stop = true;
    const answers = await accepted;
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(await countApplied()).toBe(answers.length);
  });
});
