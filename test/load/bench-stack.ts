import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '@dialog/local/database';
import { freePort } from '@dialog/local/free-port';
import { removeDataDir } from '@dialog/local/postgres-files';
import type { ServerHandle } from '@dialog/local/server-process';
import { cloneDir, readSettings } from '@dialog/local/settings';
import { emulatorClient, type Stack, startStack } from '@dialog/local/stack';
import { writeBenchWorld } from './bench-world.ts';

/** Everything that the bench measures, running. */
export type BenchStack = Stack & {
  baselineUrl: string;
  /** A service owner's token for the dialogs of the bench. */
  token: string;
  process(name: ServerHandle['name']): ServerHandle;
  /** Of all processes that run, the baseline's too. */
  pids(): Map<string, number>;
  logFileOf(name: ServerHandle['name']): string;
  /** Resolves when the relay has caught up with the outbox. */
  untilRelayed(): Promise<void>;
  stop(): Promise<void>;
};

/** Connections of the baseline's pool. Tried: 4, 8, 16, 32; on two cores 8 to 16 were best, with no clear winner. */
const baselineConnections = 16;

const running = new Set<BenchStack['stop']>();

let stopping: Promise<void> | undefined;

/** Stops all stacks that this process has started, the last one first, and each once however often this is called. */
export function stopStacks(): Promise<void> {
  stopping ??= (async () => {
    for (const stop of [...running].toReversed()) await stop();
  })();
  return stopping;
}

/**
 * Starts what `npm start` starts, as durable as there, in a data folder of its own, and the baseline beside it.
 *
 * @param name tells it from others of the same run
 */
export async function startBenchStack(name = 'bench'): Promise<BenchStack> {
  const dataDir = path.join(cloneDir, '.data', `${name}-${process.pid}`);
  const started: ServerHandle[] = [];
  let baseline: ChildProcess | undefined;
  const stop = async () => {
    running.delete(stop);
    baseline?.kill('SIGTERM');
    for (const handle of started.toReversed()) await handle.stop();
    removeDataDir(dataDir);
  };
  running.add(stop);
  try {
    // Read by the emulator, which inherits it.
    process.env.FIXTURES_DIR = writeBenchWorld(path.join(dataDir, 'world'));
    // Off, as it is in production unless somebody wants it: the emulator would take its share of the machine.
    const settings = readSettings({ PORT: '0', DATA_DIR: dataDir, ALTINN_EVENTS_URL: 'off' });
    const stack = await startStack(settings, started, new AbortController().signal);
    const { emulatorUrl } = stack;
    if (emulatorUrl === undefined) throw new Error('The bench needs the emulator.');
    // Unlogged would be cheaper, and another promise than ours.
    await withClient(stack.database.owner, (client) =>
      client.query(`
        create table baseline_outbox (seq bigserial primary key, occurred_at timestamptz not null, change json not null);
      `),
    );
    const port = await freePort();
    baseline = startBaseline(stack, emulatorUrl, port, dataDir);
    const baselineUrl = `http://127.0.0.1:${port}`;
    await untilReady(`${baselineUrl}/health/readiness`);
    const minted = await fetch(`${emulatorUrl}/emulator/token?org=skd&ttl=7200`);
    const token = await minted.text();
    return {
      ...stack,
      ...{ baselineUrl, token, stop },
      process: (name) => {
        const handle = started.find((one) => one.name === name);
        if (handle === undefined) throw new Error(`${name} was not started.`);
        return handle;
      },
      pids: () => pidsOf([...started, { name: 'baseline', pid: baseline?.pid }]),
      logFileOf: (name) => path.join(dataDir, 'logs', `${name}.log`),
      untilRelayed: () => untilRelayed(stack.database.owner),
    };
  } catch (err) {
    await stop();
    throw err;
  }
}

function startBaseline(stack: Stack, platformUrl: string, port: number, dataDir: string): ChildProcess {
  mkdirSync(path.join(dataDir, 'logs'), { recursive: true });
  const output = openSync(path.join(dataDir, 'logs/baseline.log'), 'a');
  return spawn(process.execPath, [path.join(import.meta.dirname, 'baselines/insert-per-request.ts')], {
    stdio: ['ignore', output, output],
    env: {
      ...process.env,
      PORT: String(port),
      DATABASE_URL: stack.database.app,
      REDIS_URL: stack.redisUrl,
      NATS_URL: stack.natsUrl,
      TOKEN_ISSUERS: stack.tokenIssuers.join(','),
      ALTINN_PLATFORM_URL: platformUrl,
      ...emulatorClient(dataDir),
      DIALOG_TOKEN_KEYS_FILE: stack.dialogTokenKeysFile,
      ACTOR_SALT_FILE: stack.actorSaltFile,
      // It knows no policy for longer than a second, and asks the decision point instead.
      POLICY_AGE_MAX_MS: '1000',
      // A request that waits for a connection of the pool is slow, not failed.
      CONNECT_TIMEOUT_MS: '60000',
      BASELINE_CONNECTIONS: process.env.BASELINE_CONNECTIONS ?? String(baselineConnections),
    },
  });
}

function pidsOf(running: readonly { name: string; pid: number | undefined }[]): Map<string, number> {
  return new Map(running.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid] as const])));
}

async function untilRelayed(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    for (;;) {
      const { rows } = await client.query<{ behind: boolean }>(`
        select coalesce(bool_or(outbox_seq > coalesce(seq, 0)), false) as behind
        from lane left join outbox_cursor on outbox_cursor.lane = lane.id
      `);
      if (rows[0]?.behind === false) return;
      await delay(200);
    }
  });
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    if (Date.now() > deadline) throw new Error(`${url} does not get ready.`);
    await delay(50);
  }
}
