import { setTimeout as delay } from 'node:timers/promises';
import type { ServerHandle } from '@dialog/local/server-process';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { openPrivatePostgres } from '../constellation/private-servers.ts';
import {
  type Answer,
  createdId,
  etagOf,
  numberedActivity,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

let space: TestSpace;
let postgres: ServerHandle;
let services: Constellation;
let ttd: ServiceOwner;
beforeAll(async () => {
  space = await openTestSpace();
  const own = await openPrivatePostgres();
  postgres = own.server;
  services = await openConstellation({ ...space, ...own.addresses });
  await Promise.all([services.startGateway(), services.startWorker()]);
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await postgres.start();
  await services.close();
  await postgres.stop();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

const outageMs = 10_000;
const callers = 10;
/** Between two writes of a caller: a load, not the largest possible one. */
const pauseMs = 20;

type Written = { answer: Answer; sentAt: number };

/** Writes to a dialog of its own until it is told to stop. */
async function keepWriting(caller: number, headers: Record<string, string>, stop: AbortSignal) {
  const dialogId = createdId(await ttd.createDialog(smallDialog()));
  const written: Written[] = [];
  for (let number = 0; !stop.aborted; number += 1) {
    const sentAt = Date.now();
    written.push({ answer: await ttd.createActivity(dialogId, numberedActivity(caller, number), headers), sentAt });
    await delay(pauseMs);
  }
  return { dialogId, caller, written };
}

describe('rule 10, degrade, do not fail: Postgres stopped for 10 s under load', () => {
  it('respond-async writes are all accepted, waited ones end with the truth or 202, reads answer 503, and nothing is lost', async () => {
    const stop = new AbortController();
    const asynchronous = Array.from({ length: callers }, (_, caller) => keepWriting(caller, respondAsync, stop.signal));
    // Half of them wait longer than the outage lasts, half give up before.
    const waiting = Array.from({ length: callers }, (_, caller) =>
      keepWriting(caller + callers, { Prefer: caller % 2 === 0 ? 'wait=30' : 'wait=3' }, stop.signal),
    );
    const dialogId = createdId(await ttd.createDialog(smallDialog()));
    await delay(500);

    const stoppedAt = Date.now();
    await postgres.stop();
    const read = await ttd.getDialog(dialogId);
    expect(read.status).toBe(503);
    expect(Number(read.headers.get('retry-after'))).toBeGreaterThan(0);
    await delay(outageMs - (Date.now() - stoppedAt));
    await postgres.start();
    const startedAt = Date.now();
    await vi.waitFor(async () => expect((await ttd.getDialog(dialogId)).status).toBe(200), 10_000);
    await delay(500);
    stop.abort();

    const accepted = await Promise.all(asynchronous);
    const waited = await Promise.all(waiting);
    for (const { written } of accepted) {
      for (const { answer } of written) expect(answer.status).toBe(202);
      // It went on all the time, not only before and after.
      const during = written.filter(({ sentAt }) => sentAt > stoppedAt && sentAt < startedAt);
      expect(during.length).toBeGreaterThan(20);
    }
    for (const { written } of waited) for (const { answer } of written) expect([201, 202]).toContain(answer.status);

    for (const { dialogId: own, caller, written } of [...accepted, ...waited]) {
      const operations = await services.ended(
        written.flatMap(({ answer }) => (answer.status === 202 ? answer : [])),
        20_000,
      );
      for (const operation of operations) expect(operation.status).toBe('Applied');
      const told = [
        ...operations.map(({ revision }) => revision),
        ...written.flatMap(({ answer }) => (answer.status === 201 ? etagOf(answer) : [])),
      ];
      const rows = await services.db
        .selectFrom('operation')
        .select('revision')
        .where('dialog_id', '=', own)
        .where('kind', '=', 'CreateActivity')
        .execute();
      expect(told.toSorted()).toEqual(rows.map(({ revision }) => revision).toSorted());
      const activities = await services.db
        .selectFrom('dialog_activity')
        .select('extended_type')
        .where('dialog_id', '=', own)
        .orderBy('created_at')
        .execute();
      expect(activities.map(({ extended_type }) => extended_type)).toEqual(
        written.map((_, number) => `urn:test:${caller}:${number}`),
      );
    }
  });

  it('a waited write that Postgres was killed after is still there', async () => {
    const dialogId = createdId(await ttd.createDialog(smallDialog()));
    const answer = await ttd.createActivity(dialogId, numberedActivity('k', 1));
    await postgres.kill();
    expect(answer.status).toBe(201);
    await postgres.start();
    const read = await vi.waitFor(
      async () => {
        const attempt = await ttd.getDialog(dialogId);
        expect(attempt.status).toBe(200);
        return attempt;
      },
      { timeout: 10_000, interval: 100 },
    );
    expect(etagOf(read)).toBe(etagOf(answer));
    expect(read.body).toMatchObject({ activities: [{ extendedType: 'urn:test:k:1' }] });
  });
});
