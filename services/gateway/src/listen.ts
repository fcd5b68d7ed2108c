import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { GatewayEnv } from './gateway-app.ts';

/** How long the head of a request may take, in milliseconds. */
const headersTimeoutMs = 60_000;

/** How often connections that have become idle are closed while the server stops. */
const sweepMs = 50;

type ListenSettings = { port: number; hostname: string; keepAliveTimeoutMs: number; requestTimeoutMs: number };

export type Listening = {
  port: number;
  /** Takes no more connections, and resolves when all requests in hand are answered. */
  close(): Promise<void>;
};

/**
 * Serves HTTP. A request has to be there after `requestTimeoutMs`, or its connection is cut; one whose handler lets it take
 * its time is not, and sees to that itself. (Node's own limit knows no exceptions.)
 *
 * @param port 0 lets the kernel choose; the result tells which it is
 * @throws when the port is taken
 */
export async function listen(
  fetch: (request: Request, bindings: GatewayEnv['Bindings']) => Response | Promise<Response>,
  { port, hostname, keepAliveTimeoutMs, requestTimeoutMs }: ListenSettings,
): Promise<Listening> {
  const timers = new WeakMap<object, NodeJS.Timeout>();
  const answer = getRequestListener((request, { outgoing }) =>
    fetch(request, { outgoing, takeYourTime: () => clearTimeout(timers.get(outgoing)) }),
  );
  const server = createServer({
    ...{ keepAliveTimeout: keepAliveTimeoutMs, headersTimeout: headersTimeoutMs, requestTimeout: 0 },
  });
  server.on('request', (request, response) => {
    if (hasBody(request)) {
      const timer = setTimeout(() => request.socket.destroy(), requestTimeoutMs);
      timers.set(response, timer);
      request.once('close', () => clearTimeout(timer));
    }
    void answer(request, response);
  });
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

function hasBody({ headers }: IncomingMessage): boolean {
  return 'transfer-encoding' in headers || (headers['content-length'] ?? '0') !== '0';
}
