import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { keptSecret } from './kept-secret.ts';
import { openRedis } from './redis.ts';
import type { ServerHandle, ServerSettings } from './server-process.ts';

const slotCount = 16_384;
const joinTimeoutMs = 20_000;
/** After this a node that does not answer counts as away, in milliseconds. */
const nodeTimeoutMs = 1_000;

/** `url` names all nodes, as `REDIS_URL` takes them. Each can be stopped, killed and started again by itself. */
export type RedisCluster = { url: string; nodes: readonly ServerHandle[] };

/**
 * Starts a new Redis Cluster of masters that share the slots evenly and have no replicas, each below `<dataDir>/node-<n>`:
 * while one is away, its slots are, and the others go on.
 */
export async function openRedisCluster(settings: ServerSettings, nodeCount: number): Promise<RedisCluster> {
  const secret = path.join(settings.dataDir, 'secrets/redis');
  keptSecret(secret);
  const nodes = await Promise.all(
    Array.from({ length: nodeCount }, async (_, index) => {
      const dataDir = path.join(settings.dataDir, `node-${index + 1}`);
      mkdirSync(path.join(dataDir, 'secrets'), { recursive: true });
      copyFileSync(secret, path.join(dataDir, 'secrets/redis'));
      // What was free a moment ago may be taken by now.
      return openNode({ ...settings, dataDir }).catch(() => openNode({ ...settings, dataDir }));
    }),
  );
  await join(nodes.map(({ url }) => url));
  return { url: nodes.map(({ url }) => url).join(','), nodes };
}

async function openNode(settings: ServerSettings): Promise<ServerHandle> {
  return openRedis(settings, [
    'cluster-enabled yes',
    `cluster-port ${await freePort()}`,
    `cluster-node-timeout ${nodeTimeoutMs}`,
    'cluster-require-full-coverage no',
  ]);
}

async function join(urls: readonly string[]): Promise<void> {
  const clients = urls.map((url) => new Redis(url));
  try {
    const first = (index: number) => Math.floor((index * slotCount) / clients.length);
    for (const [index, client] of clients.entries()) {
      await client.call('CLUSTER', 'ADDSLOTSRANGE', first(index), first(index + 1) - 1);
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    }
    for (const other of clients.slice(1)) {
      const [, busPort = ''] = await configOf(other, 'cluster-port');
      await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', other.options.port ?? 0, busPort);
    }
    const deadline = Date.now() + joinTimeoutMs;
    for (const client of clients) {
      for (;;) {
        const info = await clusterInfo(client);
        if (info.cluster_state === 'ok' && info.cluster_slots_ok === String(slotCount)) break;
        if (Date.now() > deadline) throw new Error(`The nodes have not found each other: ${JSON.stringify(info)}`);
        await delay(20);
      }
    }
  } finally {
    for (const client of clients) client.disconnect();
  }
}

async function clusterInfo(client: Redis): Promise<Partial<Record<string, string>>> {
  const text = String(await client.cluster('INFO'));
  return Object.fromEntries(text.split('\r\n').map((line) => line.split(':')));
}

async function configOf(client: Redis, setting: string): Promise<string[]> {
  const reply = await client.config('GET', setting);
  return Array.isArray(reply) ? reply.map(String) : [];
}
