import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { migrate } from '@dialog/database/migrate';
import type { TestProject } from 'vitest/node';
import { ensureDatabase, type RolePasswords } from './database.ts';
import type { NatsKeys } from './nats-accounts.ts';
import { removeDataDir } from './postgres-files.ts';
import { livingProcess, recordProcess } from './process-identity.ts';
import { startServers, stopLeftovers } from './servers.ts';

/** What test files are told about the servers of their run. */
export type TestServers = {
  dataDir: string;
  superuserUrl: string;
  /** The migrated database that each test file gets a copy of. */
  templateDatabase: string;
  rolePasswords: RolePasswords;
  redisUrl: string;
  natsUrl: string;
  natsKeys: NatsKeys;
};

declare module 'vitest' {
  interface ProvidedContext {
    testServers: TestServers;
    /** Into how many hash partitions the tables of dialogs are divided; 0 for none. */
    dialogPartitions: number;
  }
}

type Run = { servers: TestServers; stop(): Promise<void> };

declare global {
  /** Vitest loads this file once for each project; the servers are one set for all of them. */
  var testServerRun: { projects: number; run: Promise<Run> } | undefined;
}

const parentFolder = path.join(import.meta.dirname, '../../../.data');

/** Vitest's global setup: starts servers that forget quickly, in a data folder of their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  globalThis.testServerRun ??= { projects: 0, run: startRun() };
  const shared = globalThis.testServerRun;
  shared.projects += 1;
  const { servers, stop } = await shared.run;
  project.provide('testServers', servers);
  return async () => {
    shared.projects -= 1;
    if (shared.projects === 0) await stop();
  };
}

async function startRun(): Promise<Run> {
  await sweepKilledRuns();
  const dataDir = path.join(parentFolder, `test-${process.pid}`);
  mkdirSync(dataDir, { recursive: true });
  recordProcess(path.join(dataDir, 'vitest.json'), process.pid);
  let stopServers = async () => {};
  const stop = async () => {
    await clearTestsOwn(dataDir);
    await stopServers();
    removeDataDir(dataDir);
  };
  try {
    const servers = await startServers({ dataDir, durability: 'relaxed' });
    stopServers = servers.stop;
    const templateDatabase = 'migrated';
    const rolePasswords = { owner: 'owner', app: 'app' };
    const database = await ensureDatabase(servers.postgres.url, templateDatabase, rolePasswords);
    await migrate(database.owner);
    return {
      stop,
      servers: {
        dataDir,
        superuserUrl: servers.postgres.url,
        templateDatabase,
        rolePasswords,
        redisUrl: servers.redis.url,
        natsUrl: servers.nats.url,
        natsKeys: servers.nats.keys,
      },
    };
  } catch (err) {
    await stop();
    throw err;
  }
}

/** A run that was killed leaves its servers and its folder. */
async function sweepKilledRuns(): Promise<void> {
  mkdirSync(parentFolder, { recursive: true });
  for (const name of readdirSync(parentFolder).filter((entry) => /^test-\d+$/.test(entry))) {
    const dataDir = path.join(parentFolder, name);
    if (livingProcess(path.join(dataDir, 'vitest.json')) !== undefined) continue;
    await clearTestsOwn(dataDir);
    await stopLeftovers(dataDir);
    removeDataDir(dataDir);
  }
}

/**
 * Test files may have servers and services of their own in folders below the run's, at most two deep. Those of a file
 * that was cut short are still running.
 */
async function clearTestsOwn(dataDir: string): Promise<void> {
  for (const folder of subfolders(dataDir)) {
    for (const nested of subfolders(folder)) await stopLeftovers(nested);
    await stopLeftovers(folder);
    removeDataDir(folder);
  }
}

/** None of the run's own servers. */
function subfolders(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && /-[0-9a-f]+$/.test(entry.name))
    .map(({ name }) => path.join(folder, name));
}
