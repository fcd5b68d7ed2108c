import { randomUUIDv7 } from 'node:crypto';
import type { BatchLineInput } from '@dialog/contracts/batch-line';
import type { ServerHandle } from '@dialog/local/server-process';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { openUpload } from '../constellation/batch-upload.ts';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { openPrivateRedis } from '../constellation/private-servers.ts';
import { numberedActivity, smallDialog } from '../constellation/service-owner.ts';

let space: TestSpace;
let redis: ServerHandle;
let services: Constellation;
let worker: ServerHandle;
let token: string;
beforeAll(async () => {
  space = await openTestSpace();
  const own = await openPrivateRedis();
  redis = own.server;
  services = await openConstellation({ ...space, ...own.addresses });
  // Longer than any stall here, so that each line gets its outcome.
  const settings = { WRITE_WAIT_MS: '60000', BATCH_LINES_MAX: '300', BATCH_UNAVAILABLE_MS_MAX: '60000' };
  [worker] = await Promise.all([services.startWorker(), services.startGateway(settings)]);
  token = await services.token({ org: 'ttd' });
});
afterAll(async () => {
  await redis.start();
  await services.close();
  await redis.stop();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

const dialogsCount = 40;
const activitiesPerDialog = 100;

it('answers each line of a batch, and applies it once and in order, with the worker killed and Redis restarted', async () => {
  const dialogIds = Array.from({ length: dialogsCount }, () => randomUUIDv7());
  const lines: BatchLineInput[] = dialogIds.map((id, dialog) => ({
    ...{ kind: 'CreateDialog', idempotentKey: `dialog-${dialog}`, body: smallDialog({ id }) },
  }));
  for (let number = 0; number < activitiesPerDialog; number += 1) {
    for (const [dialog, dialogId] of dialogIds.entries()) {
      const body = numberedActivity(dialog, number);
      lines.push({ kind: 'CreateActivity', dialogId, idempotentKey: `activity-${number}`, body });
    }
  }

  const upload = openUpload(services.gatewayUrl, token);
  const answered = (part: number) =>
    vi.waitFor(() => expect(upload.outcomes.size).toBeGreaterThan(lines.length * part), {
      timeout: 60_000,
      interval: 5,
    });
  const disturb = async () => {
    await answered(0.1);
    await worker.kill();
    await worker.start();
    await answered(0.4);
    await redis.stop();
    await redis.start();
    await answered(0.7);
    await redis.kill();
    await worker.kill();
    await redis.start();
    await worker.start();
  };
  const disturbed = disturb();
  for (const line of lines) await upload.send(line);
  const outcomes = await upload.end();
  await disturbed;

  expect(outcomes.map(({ line }) => line)).toEqual(lines.map((_, index) => index + 1));
  // Of a line that Redis went away with, nobody may know; its operation does.
  const unsure = outcomes.filter(({ status }) => status !== 201);
  for (const outcome of unsure) expect(outcome).toMatchObject({ status: 503, operationId: expect.any(String) });

  // Whoever is not sure sends it all again.
  const again = openUpload(services.gatewayUrl, token);
  for (const line of lines) await again.send(line);
  for (const { status, line } of await again.end()) {
    expect(status, `line ${line}`).toBeGreaterThanOrEqual(200);
    if (!unsure.some((outcome) => outcome.line === line)) expect(status, `line ${line}`).toBe(200);
  }
  for (const [dialog, dialogId] of dialogIds.entries()) {
    const rows = await services.db
      .selectFrom('dialog_activity')
      .select('extended_type')
      .where('dialog_id', '=', dialogId)
      .orderBy('created_at')
      .execute();
    const applied = rows.map((row) => Number(row.extended_type?.slice(`urn:test:${dialog}:`.length)));
    const inOrder = Array.from({ length: activitiesPerDialog }, (_, number) => number);
    expect([...applied].sort((one, other) => one - other)).toEqual(inOrder);
    if (unsure.length === 0) expect(applied).toEqual(inOrder);
  }
});
