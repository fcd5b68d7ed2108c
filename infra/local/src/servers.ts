import path from 'node:path';
import { type NatsHandle, openNats } from './nats.ts';
import { openPostgres } from './postgres.ts';
import { openRedis } from './redis.ts';
import { type ProcessName, type ServerHandle, type ServerSettings, stopLeftover } from './server-process.ts';

export type Servers = {
  postgres: ServerHandle;
  redis: ServerHandle;
  nats: NatsHandle;
  /** Stops NATS, Redis, Postgres, in this order. */
  stop(): Promise<void>;
};

/** Starts all three. When one cannot be started, the others are stopped. */
export async function startServers(settings: ServerSettings): Promise<Servers> {
  const absolute = { ...settings, dataDir: path.resolve(settings.dataDir) };
  const started: ServerHandle[] = [];
  const stop = async () => {
    for (const server of started.toReversed()) await server.stop();
  };
  const add = <Handle extends ServerHandle>(server: Handle): Handle => {
    started.push(server);
    return server;
  };
  try {
    const postgres = add(await openPostgres(absolute));
    const redis = add(await openRedis(absolute));
    const nats = add(await openNats(absolute));
    return { postgres, redis, nats, stop };
  } catch (err) {
    await stop();
    throw err;
  }
}

/** Stops what a run that was killed left behind in a data folder, in the same order. */
export async function stopLeftovers(dataDir: string): Promise<void> {
  const inOrder: readonly ProcessName[] = [
    ...(['gateway', 'visibility-worker', 'dialog-worker', 'authorization-worker', 'event-relay'] as const),
    ...(['altinn-emulator', 'nats', 'redis', 'postgres'] as const),
  ];
  for (const name of inOrder) await stopLeftover(dataDir, name);
}
