import { openPlatform } from '@dialog/access/platform/platform';
import { openDatabase } from '@dialog/database/open';
import { createLogger } from '@dialog/telemetry/logger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { listAuthorizationsOf } from './list-authorizations.ts';
import { type GatewayFixture, openGatewayFixture, platformAt } from './testing/gateway-fixture.ts';

const dialogs = '/api/v1/serviceowner/dialogs';
const person = (number: string) => `urn:altinn:person:identifier-no:${number}`;
const organization = (number: string) => `urn:altinn:organization:identifier-no:${number}`;
const resource = (id: string) => `urn:altinn:resource:${id}`;
/** Manages Børgefisk, which has a sub-unit. */
const kari = person('01817030080');
/** Has single cases at the sub-unit. */
const ola = person('05826510058');
const fish = organization('313007103');
const north = organization('313007200');
const permit = resource('ttd-building-permit');
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
});
afterAll(() => fixture.close());

async function created(more: object = {}): Promise<string> {
  const answer = await app.request(dialogs, {
    method: 'POST',
    headers: { ...(await fixture.as('ttd')), 'Content-Type': 'application/json' },
    body: JSON.stringify({ serviceResource: permit, party: fish, content, ...more }),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return z.string().parse(await answer.json());
}

describe('what a person finds in lists', () => {
  async function listAuthorizations() {
    const log = createLogger('test', 'silent');
    const db = openDatabase(fixture.space.databaseUrl, {
      ...{ applicationName: 'test', connectionsMax: 1, connectTimeoutMs: 1_000, statementTimeoutMs: 5_000 },
    });
    fixture.closing(() => db.destroy());
    return listAuthorizationsOf(openPlatform(platformAt(fixture.emulator.baseUrl, fixture.emulator), { log }), db);
  }

  it('follows from roles and packages at parties', async () => {
    const { listAuthorization, mayList } = await listAuthorizations();
    const { resourcesByParty } = await listAuthorization({ caller: kari, parties: [fish, north], resources: [] });
    const found = [...resourcesByParty].map(([party, resources]) => [party, resources.has(permit)]);
    expect(found).toEqual([
      [fish, true],
      [north, true],
    ]);
    const dialog = { id: await created(), party: fish, serviceResource: permit };
    expect(await mayList(kari, dialog)).toBe(true);
    expect(await mayList(ola, dialog)).toBe(false);
    expect(await mayList(kari, { ...dialog, serviceResource: resource('skd-tax-return') })).toBe(false);
  });

  it('has single dialogs that were delegated, by id and by label', async () => {
    const { mayList } = await listAuthorizations();
    const delegated = '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d01';
    await created({ id: delegated, party: north });
    expect(await mayList(ola, { id: delegated, party: north, serviceResource: permit })).toBe(true);

    const registration = resource('app_ttd_registration');
    const label = 'urn:altinn:integration:storage:50081234/5D2F3C1E-8a44-4b0f-b1b2-7f5c6e4d3a02';
    const serviceOwnerContext = { serviceOwnerLabels: [{ value: 'other' }, { value: label }] };
    const labelled = await created({ party: north, serviceResource: registration, serviceOwnerContext });
    const another = await created({ party: north, serviceResource: registration });
    const dialog = { party: north, serviceResource: registration };
    expect(await mayList(ola, { ...dialog, id: labelled })).toBe(true);
    expect(await mayList(ola, { ...dialog, id: another })).toBe(false);
  });
});
