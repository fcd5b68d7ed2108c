import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { GatewayEnv } from './gateway-app.ts';

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
  fetch: (request: Request, bindings: GatewayEnv['Bindings']) => Response | Promise<Response>,
  { port, hostname, keepAliveTimeoutMs }: { port: number; hostname: string; keepAliveTimeoutMs: number },
): Promise<Listening> {
  const answer = getRequestListener(fetch);
  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs });
  server.on('request', (request, response) => void answer(request, response));
  server.listen(port, hostname);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no TCP port.');

  return {
    port: address.port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      // Node closes those that are idle now. One that becomes so later would stay for the whole keep-alive time.
      const sweep = setInterval(() => server.closeIdleConnections(), sweepMs);
      await closed;
      clearInterval(sweep);
    },
  };
}
