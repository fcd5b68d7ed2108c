import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { connectorToNodeOf, credentialsOf, isElsewhere } from './redis-cluster.ts';
import { redisNodes } from './redis-url.ts';

/** Pause before the nth attempt to connect again, in milliseconds: a restart is over in about that time, every time. */
const reconnectMs = (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000);
const connectTimeoutMs = 5_000;
/** Longest wait for an answer of a connected Redis. It covers an fsync that stands in a queue of slow disk writes. */
const commandTimeoutMs = 2_000;
/**
 * A connection on which Redis owes an answer for this long is given up: its machine may have vanished without a word,
 * and TCP would take a quarter of an hour to notice. Longer than a worker's blocking call, which lasts a second.
 */
const silenceMaxMs = 3_000;

/**
 * The connections of a process to Redis. They come back by themselves, for ever.
 *
 * With one server there is one connection. Of a cluster each hash tag (`{lane-3}`) has its own, to the node that has it:
 * while a node is away, those to others go on.
 */
export type RedisConnections = {
  /** The connection for a key, and for all keys with the same hash tag. */
  connectionOf(key: string): Redis;
  /** Rejects when no node answers. */
  healthCheck(): Promise<void>;
  /** Ends connections that are away, with all that waits for them. */
  giveUpAway(): void;
  /** Takes leave of Redis. Where it is away, that would wait for it to come back: those connections are just ended. */
  close(): Promise<void>;
};

type RedisSettings = {
  /** As `redisUrl` permits. */
  url: string;
  /** Shown by `CLIENT LIST`. */
  name: string;
  /**
   * `fail` for those who must answer somebody now: commands are refused while Redis is away, and nothing is sent twice
   * behind the caller's back. `wait` for workers: commands wait until Redis is back; BullMQ needs that.
   */
  whenAway: 'fail' | 'wait';
  log: Logger;
};

export function openRedis(settings: RedisSettings): RedisConnections {
  const nodes = redisNodes(settings.url);
  const connections = new Map<string, Redis>();
  const all = () => [...connections.values()];
  // Like those of a cluster, the connection is made before anybody asks for it: it shall be there then.
  if (nodes.length === 1) connections.set('', connect(settings, settings.url));

  return {
    connectionOf(key) {
      const tag = nodes.length === 1 ? '' : hashTagOf(key);
      const known = connections.get(tag);
      if (known !== undefined) return known;
      const connection = connect(
        { ...settings, log: settings.log.child({ node: tag }) },
        toNodeOf(tag, nodes, settings),
      );
      connections.set(tag, connection);
      return connection;
    },
    async healthCheck() {
      const there = all().filter(({ status }) => status === 'ready');
      if (there.length === 0) throw new Error('Redis is not connected.');
      await Promise.any(there.map((connection) => connection.ping()));
    },
    giveUpAway() {
      for (const connection of all()) if (connection.status !== 'ready') connection.disconnect();
    },
    async close() {
      this.giveUpAway();
      const leaving = all().filter(({ status }) => status === 'ready');
      await Promise.all(leaving.map((connection) => connection.quit().catch(() => connection.disconnect())));
    },
  };
}

/** What Redis Cluster makes the slot of: keys with the same are on one node. */
function hashTagOf(key: string): string {
  return /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key;
}

function toNodeOf(tag: string, nodes: [URL, ...URL[]], { whenAway }: RedisSettings) {
  return {
    ...credentialsOf(nodes[0]),
    Connector: connectorToNodeOf(tag, nodes),
    // 2: on the new connection it is sent again, 1: it is told to its caller.
    reconnectOnError: (err: Error) => isElsewhere(err) && (whenAway === 'wait' ? 2 : 1),
  } satisfies RedisOptions;
}
type NodeOptions = ReturnType<typeof toNodeOf>;

function connect({ name, whenAway, log }: RedisSettings, to: string | NodeOptions): Redis {
  const options = {
    connectionName: name,
    connectTimeout: connectTimeoutMs,
    retryStrategy: reconnectMs,
    socketTimeout: silenceMaxMs,
    ...(whenAway === 'fail'
      ? {
          enableOfflineQueue: false,
          autoResendUnfulfilledCommands: false,
          // What was sent and not answered when the connection broke is rejected at once.
          maxRetriesPerRequest: 0,
          commandTimeout: commandTimeoutMs,
        }
      : { maxRetriesPerRequest: null }),
  } satisfies RedisOptions;
  const redis = typeof to === 'string' ? new Redis(to, options) : new Redis({ ...options, ...to });
  let lost = false;
  redis.on('error', (err) => {
    if (!lost) log.warn({ err }, 'redis connection lost');
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) log.info('redis connection restored');
    lost = false;
  });
  return redis;
}

/**
 * What this Redis is set to that may lose an acknowledged envelope; empty when nothing. Accepted is durable only with an
 * append-only file that is written to disk before the acknowledgement, and without eviction.
 *
 * @throws when Redis does not let its settings be read (some hosted ones do not)
 */
export async function findDurabilityGaps(redis: Redis): Promise<string[]> {
  const wanted = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' };
  const gaps: string[] = [];
  for (const [setting, value] of Object.entries(wanted)) {
    const [, actual] = await redis.config('GET', setting).then((reply) => (Array.isArray(reply) ? reply : []));
    if (actual !== value) gaps.push(`${setting} is ${actual}, must be ${value}`);
  }
  return gaps;
}
