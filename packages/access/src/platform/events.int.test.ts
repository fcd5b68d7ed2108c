import { createServer } from 'node:http';
import { type Emulator, startEmulator } from '@dialog/altinn-emulator/emulator';
import { createLogger } from '@dialog/telemetry/logger';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import { type AltinnEvents, openAltinnEvents } from './events.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => Promise.all(['events', 'faults', 'calls'].map((what) => control('DELETE', what))));

const log = createLogger('test', 'silent');
const event = JSON.stringify({
  ...{ specversion: '1.0', id: '6b1e2a50-8d1c-4a35-9f57-2d4c1b0a9e77', type: 'dialogporten.dialog.created.v1' },
  ...{ time: '2026-02-03T08:15:30.1234560Z', source: 'https://example.no/api/v1/enduser/dialogs/1' },
  ...{ resource: 'urn:altinn:resource:ttd-building-permit', resourceinstance: '1' },
});

async function control(method: string, what: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${emulator.baseUrl}/emulator/${what}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return method === 'GET' ? answer.json() : undefined;
}

const spoil = (fault: object) => control('POST', 'faults', { operation: 'events', ...fault });

function open(eventsUrl = emulator.baseUrl, platformUrl = emulator.baseUrl): AltinnEvents {
  const { clientId, jwk } = emulator.platformClient;
  const client = { clientId, jwk: { ...jwk, kid: jwk.kid }, scopes: ['altinn:events.publish.admin'] };
  return openAltinnEvents({ eventsUrl, platformUrl, maskinportenUrl: platformUrl, client, callTimeoutMs: 1_000 }, log);
}

it('an event arrives as it was handed over, with one token for many', async () => {
  const receiver = open();
  for (const _ of [1, 2]) expect(await receiver.publish(event)).toEqual({ kind: 'delivered' });
  expect(await control('GET', 'events')).toEqual([JSON.parse(event), JSON.parse(event)]);
  expect(await control('GET', 'calls')).toMatchObject({ events: 2, exchange: 1, 'maskinporten-token': 1 });
});

it.each([
  [400, 'refused'],
  [413, 'refused'],
  [422, 'refused'],
  [403, 'failed'],
  [404, 'failed'],
  [408, 'failed'],
  [429, 'failed'],
  [500, 'failed'],
  [503, 'failed'],
])('an answer of %i means %s, after one call', async (status, kind) => {
  await spoil({ status });
  expect(await open().publish(event)).toEqual({ kind, reason: `events: status ${status}` });
  expect(await control('GET', 'calls')).toMatchObject({ events: 1 });
});

it('a token that does not count any more is replaced, once', async () => {
  const receiver = open();
  await receiver.publish(event);
  await spoil({ status: 401, times: 1 });
  expect(await receiver.publish(event)).toEqual({ kind: 'delivered' });
  expect(await control('GET', 'calls')).toMatchObject({ events: 3, exchange: 2 });
  await spoil({ status: 401 });
  expect(await receiver.publish(event)).toEqual({ kind: 'failed', reason: 'events: status 401' });
  expect(await control('GET', 'calls')).toMatchObject({ events: 5, exchange: 3 });
});

it('who does not answer, or is not there, may take it another time', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void silent.close().closeAllConnections());
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  for (const url of [`http://127.0.0.1:${port}`, 'http://127.0.0.1:1']) {
    expect(await open(url).publish(event)).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(/^events: /),
    });
  }
});

it('without a client it tells what is not set', async () => {
  const where = { eventsUrl: emulator.baseUrl, platformUrl: emulator.baseUrl, maskinportenUrl: emulator.baseUrl };
  const reason = 'events: status 401, and not set: MASKINPORTEN_CLIENT_ID and MASKINPORTEN_CLIENT_JWK';
  expect(await openAltinnEvents({ ...where, callTimeoutMs: 1_000 }, log).publish(event)).toEqual({
    kind: 'failed',
    reason,
  });
});

it('without a token nothing is known of the event', async () => {
  await control('POST', 'faults', { operation: 'maskinporten-token', status: 400 });
  expect(await open().publish(event)).toMatchObject({
    kind: 'failed',
    reason: expect.stringMatching(/^maskinporten token: status 400/),
  });
});
