import { once } from 'node:events';
import { connect } from 'node:net';
import { Hono } from 'hono';
import { expect, it, onTestFinished } from 'vitest';
import type { GatewayEnv } from './gateway-app.ts';
import { listen } from './listen.ts';

it('cuts the connection of a request that takes too long to come in, unless it may take its time', async () => {
  const app = new Hono<GatewayEnv>()
    .post('/short', async (c) => c.text(await c.req.text().catch(() => 'cut')))
    .post('/long', async (c) => {
      c.env.takeYourTime?.();
      return c.text(await c.req.text());
    });
  const server = await listen(app.fetch, {
    ...{ port: 0, hostname: '127.0.0.1', keepAliveTimeoutMs: 1_000, requestTimeoutMs: 300 },
  });
  onTestFinished(() => server.close());
  const begin = (path: string) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`POST ${path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: 2\r\n\r\na`);
    return socket;
  };
  const long = begin('/long');
  const short = begin('/short');
  short.on('error', () => {});
  await once(short, 'close');
  long.write('b');
  let answer = '';
  for await (const chunk of long) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*ab$/);
});
