import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openNats } from './open-nats.ts';

let space: TestSpace;
beforeAll(async () => {
  space = await openTestSpace();
});
afterAll(() => space.close());

async function connected(name: string) {
  const log = pino({ level: 'silent' });
  const nats = openNats({ servers: space.natsUrl, name, credsFile: space.natsCreds.admin, log });
  await nats.whenConnected();
  return nats;
}

it('answers what was asked before it closes, and takes nothing more', async () => {
  const [server, client] = await Promise.all([connected('server'), connected('client')]);
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  server.serve('question', () => {
    asked.resolve();
    return answer.promise;
  });
  await server.healthCheck();
  const first = client.request('question', '', 20_000);
  await asked.promise;
  const closed = server.close();
  await expect(client.request('question', '', 20_000)).rejects.toThrow(/no responders/i);
  const waiting = (async () => {
    for (let times = 0; times < 50; times += 1) await client.healthCheck();
    return 'waiting';
  })();
  expect(await Promise.race([closed.then(() => 'closed'), waiting])).toBe('waiting');
  answer.resolve('answer');
  expect(await first).toBe('answer');
  await closed;
  expect(server.publish('question', '')).toBe(false);
  await client.close();
});
