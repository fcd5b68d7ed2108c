import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { keptPort } from './free-port.ts';
import { keptSecret } from './kept-secret.ts';
import { findServerBinary } from './server-binary.ts';
import { openServer, type ServerHandle, type ServerSettings } from './server-process.ts';

/**
 * Starts Redis on `<dataDir>/redis`, with a password of its own. Durable: no command is confirmed before it is on disk.
 *
 * @param more further lines of its configuration file
 */
export async function openRedis(
  { dataDir, durability, signal }: ServerSettings,
  more: readonly string[] = [],
): Promise<ServerHandle> {
  const binary = await findServerBinary('redis-server');
  const folder = path.join(dataDir, 'redis');
  mkdirSync(folder, { recursive: true });
  const password = keptSecret(path.join(dataDir, 'secrets/redis'));
  const port = await keptPort(dataDir, 'redis');
  // In a file, not as arguments: those can be read by every user of the machine.
  const configuration = path.join(folder, 'redis.conf');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir "${folder}"`,
    `requirepass ${password}`,
    'save ""',
    'maxmemory-policy noeviction',
    ...(durability === 'durable' ? ['appendonly yes', 'appendfsync always'] : ['appendonly no']),
    ...more,
  ];
  writeFileSync(configuration, `${lines.join('\n')}\n`, { mode: 0o600 });

  const url = `redis://:${password}@127.0.0.1:${port}`;
  return openServer(
    {
      name: 'redis',
      url,
      file: binary.file,
      args: [configuration],
      env: binary.env,
      dataDir,
      answers: () => answersPing(url),
    },
    signal,
  );
}

/** Answered with an error while it still loads its file. */
export async function answersPing(url: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 2_000,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  // The same fault arrives as the rejection of the call.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
  } finally {
    client.disconnect();
  }
}
