import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import {
  createdId,
  numberedActivity,
  numberedTransmission,
  operationId,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

let space: TestSpace;
let services: Constellation;
let ttd: ServiceOwner;
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  await Promise.all([services.startGateway(), services.startWorker()]);
  ttd = await services.serviceOwner('ttd');
});
afterAll(async () => {
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

describe('another service owner', () => {
  let skd: ServiceOwner;
  let dialogId: string;
  let operation: string;
  beforeAll(async () => {
    skd = await services.serviceOwner('skd');
    dialogId = createdId(await ttd.createDialog(smallDialog({ transmissions: [numberedTransmission(1)] })));
    const accepted = await ttd.createActivity(dialogId, numberedActivity('a', 1), respondAsync);
    operation = operationId(accepted);
    await ttd.ended(accepted);
  });

  it.each([
    ['reads it', () => skd.getDialog(dialogId)],
    ['reads its transmissions', () => skd.send('GET', `/api/v1/serviceowner/dialogs/${dialogId}/transmissions`)],
    ['reads its activities', () => skd.send('GET', `/api/v1/serviceowner/dialogs/${dialogId}/activities`)],
    ['patches it', () => skd.patchDialog(dialogId, [{ op: 'replace', path: '/progress', value: 1 }])],
    ['adds an activity', () => skd.createActivity(dialogId, numberedActivity('b', 1))],
    ['adds a transmission', () => skd.createTransmission(dialogId, numberedTransmission(2))],
  ])('%s, and is told that there is no such dialog', async (_, attempt) => {
    const before = await ttd.getDialog(dialogId);
    const missing = await skd.getDialog(uuidv7());
    expect(await attempt()).toMatchObject({
      status: 404,
      body: { title: 'Resource not found.', errors: { DialogEntity: [expect.any(String)] } },
    });
    expect(missing).toMatchObject({ status: 404, body: { title: 'Resource not found.' } });
    expect((await ttd.getDialog(dialogId)).body).toEqual(before.body);
  });

  it('asks for the operation, and is told that there is none', async () => {
    expect((await ttd.getOperation(operation)).status).toBe(200);
    expect((await skd.getOperation(operation)).status).toBe(404);
    expect((await skd.getOperation(operation, { Accept: 'text/event-stream' })).status).toBe(404);
    expect((await ttd.getOperation(uuidv7())).status).toBe(404);
  });

  it('creates a dialog of a resource that is not its own, and is refused', async () => {
    expect((await skd.createDialog(smallDialog())).status).toBe(403);
  });
});

it('nobody gets in without a token', async () => {
  const response = await fetch(`${services.gatewayUrl}/api/v1/serviceowner/dialogs/${uuidv7()}`);
  expect(response.status).toBe(401);
});

describe('a dialog with an idempotent key', () => {
  it('is created once: the second request gets 409 and the id of the first', async () => {
    const idempotentKey = `case-${uuidv7().slice(-8)}`;
    const dialog = smallDialog({ idempotentKey });
    const id = createdId(await ttd.createDialog(dialog));
    const again = await ttd.createDialog(dialog);
    expect(again).toMatchObject({
      status: 409,
      body: {
        title: 'Conflict.',
        errors: { IdempotentKey: [`'${idempotentKey}' already exists with DialogId '${id}'`] },
      },
    });
    expect(again.headers.get('content-type')).toBe('application/problem+json');
  });

  it('is created once by twenty requests at the same time, on whatever lanes they are', async () => {
    const idempotentKey = `case-${uuidv7().slice(-8)}`;
    const dialog = smallDialog({ idempotentKey });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ttd.createDialog(dialog)));
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
    const winner = answers.find(({ status }) => status === 201);
    const message = `'${idempotentKey}' already exists with DialogId '${winner?.body}'`;
    for (const { status, body } of answers) {
      if (status === 409) expect(body).toMatchObject({ errors: { IdempotentKey: [message] } });
    }
  });

  it('is another one for another service owner', async () => {
    const idempotentKey = `case-${uuidv7().slice(-8)}`;
    const skd = await services.serviceOwner('skd');
    createdId(await ttd.createDialog(smallDialog({ idempotentKey })));
    createdId(
      await skd.createDialog(smallDialog({ idempotentKey, serviceResource: 'urn:altinn:resource:skd-tax-return' })),
    );
  });
});
