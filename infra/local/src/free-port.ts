import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A TCP port on the loopback address that nobody listens on.
 *
 * It lies below the range from which the kernel takes ports for outgoing connections (32768 and up on Linux). A server
 * that is stopped for a while would otherwise find its port taken by some client's connection, or its own clients
 * connected to themselves.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(15_000, 32_000);
    if (await canListen(port)) return port;
  }
  throw new Error('No free port was found between 15000 and 32000 in 100 attempts');
}

/** Whether a server could listen on this port of the loopback address now. */
export function canListen(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
