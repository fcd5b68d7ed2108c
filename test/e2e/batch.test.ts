import { randomUUIDv7 } from 'node:crypto';
import type { BatchLineInput } from '@dialog/contracts/batch-line';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { openUpload } from '../constellation/batch-upload.ts';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { numberedActivity, type ServiceOwner, smallDialog } from '../constellation/service-owner.ts';

let space: TestSpace;
let services: Constellation;
let ttd: ServiceOwner;
let token: string;
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  // Fewer lines in hand than are sent, so that the upload is not all read when it breaks.
  await services.startAll({ BATCH_LINES_MAX: '100' });
  ttd = await services.serviceOwner();
  token = await services.token({ org: 'ttd' });
});
afterAll(async () => {
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

it('gives each change once when an upload breaks off in the middle and is sent again', async () => {
  const dialogIds = Array.from({ length: 100 }, () => randomUUIDv7());
  const lines = dialogIds.flatMap((id, number): BatchLineInput[] => [
    { kind: 'CreateDialog', idempotentKey: `case-${number}`, body: smallDialog({ id }) },
    ...Array.from({ length: 4 }, (_, step): BatchLineInput => {
      return {
        kind: 'CreateActivity',
        dialogId: id,
        idempotentKey: `step-${step}`,
        body: numberedActivity(number, step),
      };
    }),
    {
      kind: 'PatchDialog',
      dialogId: id,
      idempotentKey: 'done',
      body: [{ op: 'replace', path: '/progress', value: 100 }],
    },
  ]);

  const broken = openUpload(services.gatewayUrl, token);
  for (const line of lines) {
    await broken.send(line);
    if (broken.outcomes.size > 50) break;
  }
  await vi.waitFor(() => expect(broken.outcomes.size).toBeGreaterThan(50), 30_000);
  broken.breakOff();

  const again = openUpload(services.gatewayUrl, token);
  for (const line of lines) await again.send(line);
  const outcomes = await again.end();
  expect(outcomes).toHaveLength(lines.length);
  expect(outcomes.filter(({ status }) => ![200, 201, 204].includes(status))).toEqual([]);
  expect(outcomes.filter(({ repeated }) => repeated).length).toBeGreaterThanOrEqual(50);
  for (const [number, id] of dialogIds.entries()) {
    const { body } = await ttd.getDialog(id);
    const steps = [0, 1, 2, 3].map((step) => ({ extendedType: `urn:test:${number}:${step}` }));
    expect(body).toMatchObject({ progress: 100, activities: steps });
  }
});
