import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { GatheringSocket } from './gathering-socket.ts';

it('keeps what is written corked until the program waits, and sends it in order', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  const socket = new GatheringSocket().connect(address.port, address.address);
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(socket, 'connect')]);

  const statement = (text: string) => {
    socket.cork();
    socket.write(text);
    socket.uncork();
  };
  statement('first, ');
  // As statements do that are put together by a chain of promises.
  await Promise.resolve().then(() => statement('second, '));
  statement('third');
  expect(socket.bytesWritten).toBe('first, second, third'.length);
  expect(socket.writableLength).toBe('first, second, third'.length);

  const [received] = await once(accepted, 'data');
  expect(String(received)).toBe('first, second, third');
  expect(socket.writableLength).toBe(0);
});
