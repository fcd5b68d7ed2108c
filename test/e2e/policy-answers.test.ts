import * as policyQuestions from '@dialog/database/tables/policy-questions';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { createdId, smallDialog } from '../constellation/service-owner.ts';

let space: TestSpace;
let services: Constellation;
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  await Promise.all([services.startGateway(), services.startWorker(), services.startAuthorizationWorker()]);
});
afterAll(async () => {
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

const serviceResource = 'urn:altinn:resource:ttd-building-permit';

async function permitted(action: string, attribute: string): Promise<string[] | undefined> {
  const [grant] = await policyQuestions.findGrants(services.db, [{ serviceResource, action, attribute }], {
    ageMsMax: 60_000,
  });
  return grant?.permits.map(({ subjects }) => subjects.join()).sort();
}

it('answers what a dialog asks of its policy as soon as it is there, and what is added to it later', async () => {
  const ttd = await services.serviceOwner();
  expect(await permitted('read', 'main')).toBeUndefined();
  const dialogId = createdId(await ttd.createDialog({ ...smallDialog(), serviceResource }));
  const roles = ['urn:altinn:accesspackage:byggesoknad', 'urn:altinn:rolecode:dagl', 'urn:altinn:rolecode:priv'];
  // Sooner than the sweep could find it: by the queue.
  await vi.waitFor(async () => expect(await permitted('read', 'main')).toEqual(roles), 10_000);
  const guarded = { type: 'Information', sender: { actorType: 'ServiceOwner' }, authorizationAttribute: 'part-a' };
  const content = { title: { value: [{ languageCode: 'nb', value: 'Tegninger' }] } };
  expect(await ttd.createTransmission(dialogId, { ...guarded, content })).toMatchObject({ status: 201 });
  await vi.waitFor(async () => expect(await permitted('transmissionread', 'part-a')).toEqual([]), 10_000);
});
