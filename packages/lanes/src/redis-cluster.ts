import { connect as connectTcp, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import { z } from 'zod';

/** How long a node may take to tell where a key is, before the next one is asked, in milliseconds. */
const askTimeoutMs = 2_000;
/** How long a socket may take to say goodbye, in milliseconds. */
const disconnectTimeoutMs = 2_000;

/** `CLUSTER SLOTS`: first and last slot, the node that has them, its replicas. A node may leave out its own name. */
const slotRanges = z.array(
  z.tuple([z.number(), z.number(), z.tuple([z.string().nullable(), z.number()]).rest(z.unknown())]).rest(z.unknown()),
);

/**
 * What a node answers that does not have the slot (any more, or just not): nothing was executed, and another connection
 * finds the node that has it.
 */
const elsewhere = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|READONLY|MASTERDOWN|UNBLOCKED) /;

export function isElsewhere(err: Error): boolean {
  return elsewhere.test(err.message);
}

/**
 * Connects to the node of a Redis Cluster that has a key, each time to the one that has it then.
 *
 * The connection is ioredis' to a single server. Its client for clusters hides what we have to know: it stays "ready"
 * while a node is away, sends a command once more that may have been executed, and gives up after some attempts where a
 * worker has to wait. All keys of a lane are on one slot, so nothing of it is needed.
 *
 * @param nodes some of the cluster, of which one must answer
 */
export function connectorToNodeOf(key: string, nodes: readonly URL[]): NonNullable<RedisOptions['Connector']> {
  return class NodeConnector extends AbstractConnector {
    #search = new AbortController();

    constructor() {
      super(disconnectTimeoutMs);
    }

    override async connect() {
      this.connecting = true;
      this.#search = new AbortController();
      this.stream = await this.#socket(this.#search.signal);
      return this.stream;
    }

    override disconnect(): void {
      this.#search.abort(new Error('Connection is closed.'));
      super.disconnect();
    }

    async #socket(signal: AbortSignal) {
      try {
        const address = await findNodeOf(key, nodes, signal);
        signal.throwIfAborted();
        const socket = isTls(nodes) ? connectTls({ ...address, servername: address.host }) : connectTcp(address);
        socket.once('error', (err) => {
          this.firstError = err;
        });
        return socket;
      } catch (err) {
        // A socket that has failed makes ioredis try again after its pause. A rejection would be the end.
        this.firstError = err instanceof Error ? err : new Error(String(err));
        return new Socket().destroy();
      }
    }
  };
}

async function findNodeOf(
  key: string,
  nodes: readonly URL[],
  signal: AbortSignal,
): Promise<{ host: string; port: number }> {
  const failures: unknown[] = [];
  // From a different one each time: a node may be cut off from the others, and tell what was.
  const first = Math.floor(Math.random() * nodes.length);
  for (const node of [...nodes.slice(first), ...nodes.slice(0, first)]) {
    try {
      return await askWhoHas(key, node, signal);
    } catch (err) {
      signal.throwIfAborted();
      failures.push(err);
    }
  }
  throw new AggregateError(failures, 'No node of the Redis Cluster tells where the lanes are.');
}

async function askWhoHas(key: string, node: URL, signal: AbortSignal): Promise<{ host: string; port: number }> {
  const client = new Redis({
    ...addressOf(node),
    ...credentialsOf(node),
    connectionName: 'slots',
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    connectTimeout: askTimeoutMs,
    socketTimeout: askTimeoutMs,
  });
  // The same fault arrives as the rejection of a call.
  client.on('error', () => {});
  const stop = () => client.disconnect();
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    await client.connect();
    const [slot, reply] = await Promise.all([client.cluster('KEYSLOT', key), client.cluster('SLOTS')]);
    const found = slotRanges.parse(reply).find(([from, to]) => from <= slot && slot <= to);
    if (found === undefined) throw new Error(`No node has slot ${slot}.`);
    const [host, port] = found[2];
    return { host: host || addressOf(node).host, port };
  } finally {
    signal.removeEventListener('abort', stop);
    client.disconnect();
  }
}

function addressOf(node: URL): { host: string; port: number } {
  return { host: node.hostname.replace(/^\[|\]$/g, ''), port: Number(node.port || 6379) };
}

/** What all nodes of a cluster have in common. */
export function credentialsOf(node: URL) {
  return {
    ...(node.username !== '' && { username: decodeURIComponent(node.username) }),
    ...(node.password !== '' && { password: decodeURIComponent(node.password) }),
    ...(isTls([node]) && { tls: {} }),
  };
}

function isTls([node]: readonly URL[]): boolean {
  return node?.protocol === 'rediss:';
}
