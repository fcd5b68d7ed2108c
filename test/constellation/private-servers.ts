import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { migrate } from '@dialog/database/migrate';
import { ensureDatabase } from '@dialog/local/database';
import { openNats } from '@dialog/local/nats';
import { openNatsCluster } from '@dialog/local/nats-cluster';
import { openPostgres } from '@dialog/local/postgres';
import { openRedis } from '@dialog/local/redis';
import { openRedisCluster } from '@dialog/local/redis-cluster';
import { inject } from 'vitest';
import type { Addresses } from './constellation.ts';

// Servers of one test file alone, which may stop and kill them, with the settings of production: what is confirmed is
// on disk. Each comes with the addresses that change by it.

export async function openPrivatePostgres() {
  const server = await openPostgres(settings());
  const { app } = await ensureDatabase(server.url, 'dialogporten', { owner: 'owner', app: 'app' }).then(
    async (urls) => {
      await migrate(urls.owner);
      return urls;
    },
  );
  const addresses: Pick<Addresses, 'databaseUrl'> = { databaseUrl: app };
  return { server, addresses };
}

export async function openPrivateRedis() {
  const server = await openRedis(settings());
  const addresses: Pick<Addresses, 'redisUrl' | 'redisPrefix'> = { redisUrl: server.url, redisPrefix: 'dialog' };
  return { server, addresses };
}

/** @param nodeCount masters, without replicas */
export async function openPrivateRedisCluster(nodeCount: number) {
  const cluster = await openRedisCluster(settings(), nodeCount);
  const addresses: Pick<Addresses, 'redisUrl' | 'redisPrefix'> = { redisUrl: cluster.url, redisPrefix: 'dialog' };
  return { cluster, addresses };
}

export async function openPrivateNatsCluster(nodeCount: number) {
  const cluster = await openNatsCluster(settings(), nodeCount);
  const addresses: Pick<Addresses, 'natsUrl' | 'natsCreds' | 'natsSubscribers'> = {
    ...{ natsUrl: cluster.url, natsCreds: cluster.creds, natsSubscribers: cluster.subscribers },
  };
  return { cluster, addresses };
}

export async function openPrivateNats() {
  const server = await openNats(settings());
  const addresses: Pick<Addresses, 'natsUrl' | 'natsCreds' | 'natsSubscribers'> = {
    ...{ natsUrl: server.url, natsCreds: server.creds, natsSubscribers: server.subscribers },
  };
  return { server, addresses };
}

/** Below the folder of the run, which is removed in the end, also after a run that was killed. */
function settings() {
  const dataDir = path.join(inject('testServers').dataDir, `private-${randomBytes(4).toString('hex')}`);
  return { dataDir, durability: 'durable' } as const;
}
