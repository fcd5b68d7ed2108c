import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';

/** How often connections that have become idle are closed while the server stops. */
const sweepMs = 50;

export type Listening = {
  port: number;
  /** Takes no more connections, and resolves when all requests in hand are answered. */
  close(): Promise<void>;
};

/**
 * Serves HTTP.
 *
 * @param port 0 lets the kernel choose; the result tells which it is
 * @throws when the port is taken
 */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  { port, hostname, keepAliveTimeoutMs }: { port: number; hostname: string; keepAliveTimeoutMs: number },
): Promise<Listening> {
  const answer = getRequestListener(fetch);
  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs });
  let closing = false;
  server.on('request', (request, response) => {
    // Otherwise a caller that goes on asking would keep its connection, and this process, for as long as it likes.
    if (closing) response.setHeader('Connection', 'close');
    void answer(request, response);
  });
  server.listen(port, hostname);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no TCP port.');

  return {
    port: address.port,
    async close() {
      closing = true;
      const closed = once(server, 'close');
      server.close();
      // A connection stays open after its last answer.
      const sweep = setInterval(() => server.closeIdleConnections(), sweepMs);
      await closed;
      clearInterval(sweep);
    },
  };
}
