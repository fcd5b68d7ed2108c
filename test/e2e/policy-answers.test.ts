import * as policyQuestions from '@dialog/database/tables/policy-questions';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
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

const ownersView = z.object({ authorization: z.object({ status: z.string(), neverPermitted: z.array(z.unknown()) }) });
const decisionsBy = async (source: string) => {
  const metrics = await (await fetch(`${services.gatewayUrl}/metrics`)).text();
  return Number(new RegExp(`^dialog_decisions_total{source="${source}"[^}]*} (\\d+)$`, 'm').exec(metrics)?.[1]);
};

it('lets end users open a dialog without asking the platform for decisions, and its service owner know', async () => {
  const ttd = await services.serviceOwner();
  const endpoints = [{ url: 'https://ttd.example', httpMethod: 'GET' }];
  const apiActions = ['write', 'wirte'].map((action) => ({ action, endpoints }));
  const party = 'urn:altinn:organization:identifier-no:313007103';
  const dialogId = createdId(await ttd.createDialog({ ...smallDialog(), party, serviceResource, apiActions }));
  await vi.waitFor(async () => {
    const { authorization } = ownersView.parse((await ttd.getDialog(dialogId)).body);
    expect(authorization).toEqual({ status: 'Enriched', neverPermitted: [{ action: 'wirte' }] });
  }, 10_000);

  const token = await services.endUserToken('pid=01817030080');
  const opened = await fetch(`${services.gatewayUrl}/api/v1/enduser/dialogs/${dialogId}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  expect(opened.status).toBe(200);
  expect(await opened.json()).toMatchObject({
    apiActions: [
      { action: 'write', isAuthorized: true },
      { action: 'wirte', isAuthorized: false },
    ],
  });
  expect(await decisionsBy('policies')).toBeGreaterThan(0);
  expect([await decisionsBy('decision-point'), await decisionsBy('both')]).toEqual([0, 0]);
});
