import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../emulator.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(async () => void (await forget()));

const url = (path: string) => `${emulator.baseUrl}${path}`;
const event = {
  ...{ specversion: '1.0', id: '6b1e2a50-8d1c-4a35-9f57-2d4c1b0a9e77', type: 'dialogporten.dialog.created.v1' },
  ...{ time: '2026-02-03T08:15:30.123456+00:00', source: 'https://example.no/api/v1/enduser/dialogs/1' },
  ...{ resource: 'urn:altinn:resource:ttd-building-permit', resourceinstance: '1', data: { process: 'urn:a:b' } },
};
const publish = 'altinn:events.publish';
async function send(body: unknown, changed: { org?: string; scope?: string; headers?: Record<string, string> } = {}) {
  const { org = 'digdir', scope = `${publish}.admin`, headers = {} } = changed;
  const token = await (await fetch(url(`/emulator/token?${new URLSearchParams({ org, scope })}`))).text();
  return fetch(url('/events/api/v1/events'), {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/cloudevents+json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
const received = async () => (await fetch(url('/emulator/events'))).json();
const forget = () => fetch(url('/emulator/events'), { method: 'DELETE' });

it('events are kept as they come, those that come twice too', async () => {
  const another = { ...event, id: '2' };
  for (const one of [event, another, event]) expect((await send(one)).status).toBe(200);
  expect(await received()).toEqual([event, another, event]);
  await forget();
  expect(await received()).toEqual([]);
});

it('events are refused where they are none, or from who may not publish them', async () => {
  const answers = [
    await send(event, { headers: { Authorization: 'Bearer x' } }),
    await send(event, { scope: 'digdir:dialogporten.serviceprovider' }),
    await send(event, { scope: publish }),
    await send(event, { scope: publish, org: 'ttd' }),
    await send({ ...event, resource: 'urn:altinn:resource:nothing' }, { scope: publish, org: 'ttd' }),
    await send(event, { headers: { 'Content-Type': 'application/json' } }),
    await send({ ...event, specversion: '0.3' }),
    await send({ ...event, resource: undefined }),
    await send('{'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([401, 403, 403, 200, 403, 400, 400, 400, 400]);
  expect(await received()).toEqual([event]);
});

it('events can be made to fail', async () => {
  await fetch(url('/emulator/faults'), {
    method: 'POST',
    body: JSON.stringify({ operation: 'events', status: 503, times: 2 }),
  });
  expect([(await send(event)).status, (await send(event)).status, (await send(event)).status]).toEqual([
    ...[503, 503, 200],
  ]);
  expect(await received()).toEqual([event]);
});
