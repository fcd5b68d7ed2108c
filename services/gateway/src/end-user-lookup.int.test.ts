import { randomUUIDv7 } from 'node:crypto';
import { type EndUserDialogLookupView, endUserDialogLookupView } from '@dialog/contracts/dialog-lookup-view';
import { problem } from '@dialog/contracts/problem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayApp } from './gateway-app.ts';
import { createDialog } from './testing/create-dialog.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';

const owned = '/api/v1/serviceowner/dialogs';
const path = '/api/v1/enduser/dialoglookup';
const organization = (number: string) => `urn:altinn:organization:identifier-no:${number}`;
const resource = (id: string) => `urn:altinn:resource:${id}`;
/** Manages Børgefisk, which may report its catches. */
const kari = { pid: '01817030080' };
/** Has the catch report of Snekker og sønner, and single cases of Børgefisk's sub-unit. */
const ola = { pid: '05826510058' };
const systemuser = { systemuser: '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c' };
const fish = organization('313007103');
const north = organization('313007200');
const dagl = 'urn:altinn:rolecode:dagl';
const fishing = 'urn:altinn:accesspackage:fiske';
const admin = `${serviceProvider} digdir:dialogporten.serviceprovider.admin`;
const title = [
  { languageCode: 'en', value: 'Quota exceeded' },
  { languageCode: 'nb', value: 'Kvoten er overskredet' },
];
const nonSensitiveTitle = [{ languageCode: 'nb', value: 'Om en fangst' }];
const storage = (instance: string) => `urn:altinn:integration:storage:${instance}`;
const instance = () => `50081234/${randomUUIDv7()}`;

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
});
afterAll(() => fixture.close());

type User = Record<string, string>;

async function labelled(labels: readonly string[], more: object = {}): Promise<string> {
  return createDialog(app, await fixture.as('ttd', admin), {
    ...{ serviceResource: resource('ttd-catch-report'), party: fish },
    content: { title: { value: title }, nonSensitiveTitle: { value: nonSensitiveTitle } },
    serviceOwnerContext: { serviceOwnerLabels: labels.map((value) => ({ value })) },
    ...more,
  });
}

async function deleted(id: string): Promise<string> {
  await app.request(`${owned}/${id}`, { method: 'DELETE', headers: await fixture.as('ttd') });
  return id;
}

async function lookUp(reference: string, user: User = kari, headers: Record<string, string> = {}): Promise<Response> {
  const query = new URLSearchParams({ instanceRef: reference });
  return app.request(`${path}?${query}`, { headers: { ...(await fixture.asEndUser(user)), ...headers } });
}

async function found(...request: Parameters<typeof lookUp>): Promise<EndUserDialogLookupView> {
  const answer = await lookUp(...request);
  if (answer.status !== 200) throw new Error(await answer.text());
  return endUserDialogLookupView.strict().parse(await answer.json());
}

const byId = (id: string) => `urn:altinn:dialog-id:${id}`;
const titlesOf = ({ title }: EndUserDialogLookupView) => title;
const subjectsOf = ({ authorizationEvidence }: EndUserDialogLookupView) =>
  authorizationEvidence.evidence.map(({ grantType, subject }) => [grantType, subject]);

/** Status and keys of a problem. */
async function told(answer: Response): Promise<[number, ...string[]]> {
  return [answer.status, ...Object.keys(problem.parse(await answer.json()).errors ?? {})];
}

describe('the look-up of an end user', () => {
  it('tells what a dialog is about, and why the reader may see it', async () => {
    const storageId = instance();
    const dialogId = await labelled([storage(storageId)]);
    const answer = await lookUp(` URN:altinn:instance-id:${storageId.toUpperCase()} `, kari, {
      'Accept-Language': 'nn, en;q=0.8',
    });
    const about = (metadata: string) => ({ metadata: expect.stringContaining(metadata) });
    expect(await answer.json()).toEqual({
      ...{ dialogId, instanceRef: `urn:altinn:instance-id:${storageId}`, party: fish, title: title.slice(0, 1) },
      serviceResource: {
        ...{ id: 'ttd-catch-report', isDelegable: true, minimumAuthenticationLevel: 4 },
        name: [{ languageCode: 'en', value: 'Catch report' }],
      },
      serviceOwner: {
        ...{ orgNumber: '310001007', code: 'ttd' },
        name: [{ languageCode: 'nn', value: 'Testdepartementet' }],
      },
      authorizationEvidence: {
        ...{ currentAuthenticationLevel: 4, viaRole: true, viaAccessPackage: true },
        ...{ viaResourceDelegation: false, viaInstanceDelegation: false },
        evidence: [
          {
            ...{ grantType: 'Role', subject: dagl, links: about('/meta/info/roles/') },
            name: [{ languageCode: 'nn', value: 'Dagleg leiar' }],
          },
          {
            ...{ grantType: 'AccessPackage', subject: fishing, links: about('/accesspackages/package/urn/') },
            name: [{ languageCode: 'nn', value: 'Fiske' }],
          },
        ],
      },
    });
  });

  it('knows every kind of right', async () => {
    const reported = await labelled([], { party: organization('313007308') });
    expect(subjectsOf(await found(byId(reported), ola))).toEqual([
      ['ResourceDelegation', resource('ttd-catch-report')],
    ]);
    const fished = await found(byId(await labelled([])), systemuser);
    expect([subjectsOf(fished), fished.authorizationEvidence.currentAuthenticationLevel]).toEqual([
      [['AccessPackage', fishing]],
      3,
    ]);
    const letter = 'urn:altinn:correspondence-id:7e9a4c52-8a44-4b0f-b1b2-7f5c6e4d3a03';
    const about = { party: north, serviceResource: resource('ttd-correspondence') };
    const written = await found(byId(await labelled([letter], about)), ola);
    expect(written).toMatchObject({ instanceRef: letter, authorizationEvidence: { viaInstanceDelegation: true } });
    expect(subjectsOf(written)).toEqual([['InstanceDelegation', letter]]);
    expect(subjectsOf(await found(letter, ola))).toEqual([['InstanceDelegation', letter]]);
  });

  it('calls a dialog that is found by its id by the best of its references', async () => {
    const letter = `urn:altinn:correspondence-id:${randomUUIDv7()}`;
    const [lower, higher] = [`50081234/${randomUUIDv7()}`, `60081234/${randomUUIDv7()}`];
    const plain = await labelled(['other']);
    expect((await found(byId(plain))).instanceRef).toBe(byId(plain));
    const both = await labelled([storage(higher), letter, storage(lower)]);
    expect((await found(byId(both))).instanceRef).toBe(`urn:altinn:instance-id:${higher}`);
    expect((await found(`urn:altinn:instance-id:${lower}`)).dialogId).toBe(both);
    expect(await found(letter)).toMatchObject({ dialogId: both, instanceRef: letter });
  });

  it('is discreet with those whose level is too low, and refuses them nothing', async () => {
    const id = await labelled([]);
    expect(titlesOf(await found(byId(id)))).toEqual(title);
    const atLevel3 = await found(byId(id), { ...kari, level: '3' });
    expect([titlesOf(atLevel3), atLevel3.authorizationEvidence.currentAuthenticationLevel]).toEqual([
      nonSensitiveTitle,
      3,
    ]);
    const withoutOther = await labelled([], { content: { title: { value: title } } });
    expect(titlesOf(await found(byId(withoutOther), { ...kari, level: '3' }))).toEqual(title);
    // Of a service without a level, the usual one counts.
    const unlevelled = await labelled([], {
      ...{ serviceResource: resource('ttd-correspondence') },
      content: { title: { value: title }, nonSensitiveTitle: { value: nonSensitiveTitle } },
    });
    expect(titlesOf(await found(byId(unlevelled), { ...kari, level: '0' }))).toEqual(nonSensitiveTitle);
    expect(titlesOf(await found(byId(unlevelled), { ...kari, level: '3' }))).toEqual(title);
  });

  it('finds what is not visible yet or no longer, and leaves no visit behind', async () => {
    const waiting = await labelled([], { visibleFrom: '2099-01-01T12:00:00Z' });
    const over = await labelled([], { expiresAt: '2026-01-01T12:00:00Z' });
    const apiOnly = await labelled([], { isApiOnly: true, content: undefined });
    for (const id of [waiting, over]) expect(titlesOf(await found(byId(id)))).toEqual(title);
    expect(titlesOf(await found(byId(apiOnly)))).toEqual([]);
    const seen = await app.request(`${owned}/${over}/seenlog`, { headers: await fixture.as('ttd') });
    expect(await seen.json()).toEqual([]);
  });

  it('is told of what is malformed, then missing, then forbidden', async () => {
    const letter = `urn:altinn:correspondence-id:${randomUUIDv7()}`;
    await deleted(await labelled([letter]));
    const answers = [
      await lookUp('', kari, { 'Accept-Language': 'nb; q=1' }),
      await lookUp(randomUUIDv7()),
      await lookUp(`urn:altinn:instance-id:0/${randomUUIDv7()}`),
      await lookUp(storage(instance())),
      await lookUp(byId(randomUUIDv7())),
      await lookUp(letter),
      await lookUp(letter, ola),
      await lookUp(byId(await labelled([])), ola),
    ];
    expect(await Promise.all(answers.map(told))).toEqual([
      [400, 'InstanceRef', 'Accept-Language'],
      [400, 'InstanceRef'],
      [400, 'InstanceRef'],
      [400, 'InstanceRef'],
      [404, 'InstanceRef'],
      [404, 'InstanceRef'],
      [404, 'InstanceRef'],
      [403, 'Forbidden'],
    ]);
    const again = await labelled([letter]);
    expect((await found(letter)).dialogId).toBe(again);
    await labelled([letter]);
    expect(await told(await lookUp(letter))).toEqual([500]);
  });

  it('fails while the platform is away and has not been asked before', async () => {
    const id = await labelled([]);
    await fetch(`${fixture.emulator.baseUrl}/emulator/faults`, {
      method: 'POST',
      body: JSON.stringify({ operation: 'authorised-parties', status: 503 }),
    });
    const alone = await fixture.openGateway();
    const headers = await fixture.asEndUser(kari);
    expect((await alone.request(`${path}?instanceRef=${byId(id)}`, { headers })).status).toBe(502);
    await fetch(`${fixture.emulator.baseUrl}/emulator/faults`, { method: 'DELETE' });
  });
});
