import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';

/** A connection that stands still. */
export type Held = {
  /** Lets everything through again, what was held first. */
  release(): void;
};

type Direction = 'to-server' | 'to-client';
const patternBytesMax = 64;
const holdTimeoutMs = 30_000;
type Trap = { direction: Direction; pattern: Buffer; silent: boolean; resolve: (held: Held) => void };

/** What Postgres is told when a transaction begins and is committed, and what it answers to that (protocol 3.0). */
export const beginRequest = { direction: 'to-server', pattern: 'begin\0' } as const;
export const commitRequest = { direction: 'to-server', pattern: 'commit\0' } as const;
export const commitDone = { direction: 'to-client', pattern: 'COMMIT\0' } as const;

/** What NATS is sent when an event is published, and what JetStream answers when it is stored. */
export const publishRequest = { direction: 'to-server', pattern: 'HPUB dialogporten.events.v1.' } as const;
export const publishDone = { direction: 'to-client', pattern: '"stream":"DIALOG_EVENTS"' } as const;

/**
 * Stands between a service and a server, and can stop a connection at a moment that is told by what is sent: before a
 * commit reaches Postgres, or after Postgres has committed and before the service knows. So a test can kill a service
 * exactly there, and the service needs not know of tests.
 *
 * @param serverUrl `url` of the result is this one, by way of the proxy
 */
export async function openHoldingProxy(serverUrl: string) {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const traps = new Set<Trap>();
  const silencers = new Set<() => void>();

  const server = createServer((client) => {
    const upstream = connectTcp(Number(target.port), target.hostname);
    let held: (() => void)[] | undefined;
    let silent = false;
    silencers.add(() => {
      silent = true;
      held ??= [];
    });
    pass(client, upstream, 'to-server');
    pass(upstream, client, 'to-client');

    function pass(from: Socket, to: Socket, direction: Direction): void {
      sockets.add(from);
      let tail = Buffer.alloc(0);
      from.on('data', (chunk) => {
        const write = () => to.write(chunk);
        const trap = [...traps].find((set) => set.direction === direction && completes(tail, chunk, set.pattern));
        tail = Buffer.concat([tail, chunk]).subarray(-patternBytesMax);
        if (trap !== undefined && held === undefined) {
          held = [write];
          silent = trap.silent;
          traps.delete(trap);
          trap.resolve({ release });
        } else if (held !== undefined) held.push(write);
        else write();
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        // As the network would: who is killed is gone for the other side at once, with all that was held.
        if (!silent) to.destroy();
      });
    }

    function release(): void {
      const writes = held ?? [];
      held = undefined;
      for (const write of writes) write();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy listens on no TCP port.');
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String(address.port);

  return {
    url: url.href,
    /**
     * Holds the first connection on which `pattern` is sent; resolves when that has happened.
     *
     * @param silent whether neither end learns that the other has gone, as when a machine loses its power
     * @throws when it is not sent within half a minute
     */
    hold(
      { direction, pattern }: { direction: Direction; pattern: string },
      { silent = false }: { silent?: boolean } = {},
    ): Promise<Held> {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`Nobody sent ${JSON.stringify(pattern)}.`)), holdTimeoutMs);
        traps.add({
          direction,
          pattern: Buffer.from(pattern),
          silent,
          resolve: (held) => {
            clearTimeout(timer);
            resolve(held);
          },
        });
      });
    },
    /** From now on nothing passes on the connections that there are, and neither end learns of it. New ones work. */
    silence(): void {
      for (const silence of silencers) silence();
      silencers.clear();
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Whether the pattern ends in this chunk; it may have begun in those before. */
function completes(before: Buffer, chunk: Buffer, pattern: Buffer): boolean {
  return Buffer.concat([before.subarray(-(pattern.length - 1)), chunk]).includes(pattern);
}

export type HoldingProxy = Awaited<ReturnType<typeof openHoldingProxy>>;
