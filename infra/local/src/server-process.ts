import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { livingProcess, recordProcess } from './process-identity.ts';

/** `durable`: what is confirmed survives a loss of power. `relaxed`: for tests, which throw the data away. */
export type Durability = 'durable' | 'relaxed';

/** `dataDir` is absolute and holds everything that the server keeps. */
export type ServerSettings = { dataDir: string; durability: Durability };

/** Programs fetched from Debian, for all data folders of this clone. */
export const debianFolder = path.join(import.meta.dirname, '../../../.data/debian');

/** For Postgres a fast shutdown: sessions are ended, nothing is lost. At SIGTERM it would wait for every client to leave. */
const stopSignals = { postgres: 'SIGINT', redis: 'SIGTERM', nats: 'SIGTERM' } as const;
export type ServerName = keyof typeof stopSignals;

/** One server that can be stopped, killed and started again on the same port and data. */
export type ServerHandle = {
  readonly name: ServerName;
  readonly url: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Returns when it answers; at once when it runs already. */
  start(): Promise<void>;
  /** In order, as an operator would. Returns when the process is gone. */
  stop(): Promise<void>;
  /** `SIGKILL`. Returns when the process is gone. */
  kill(): Promise<void>;
};

export type ServerProgram = {
  name: ServerName;
  url: string;
  file: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The user to run as; ours when absent. */
  user?: { uid: number; gid: number } | undefined;
  dataDir: string;
  /** Speaks the server's protocol. Rejects as long as it does not answer properly. */
  answers(): Promise<void>;
};

const startTimeoutMs = 60_000;
const answerPollMs = 20;
/** After this an orderly stop is given up and the process killed. */
const stopTimeoutMs = 20_000;
/** A server that was killed may leave children or locks for a moment; starting is tried anew for this long. */
const startRetryMs = 5_000;

/** Starts the program and waits until it answers. What an earlier, killed run left of it is stopped first. */
export async function openServer(program: ServerProgram): Promise<ServerHandle> {
  await stopLeftover(program);
  let child: ChildProcess | undefined;
  const running = () => (child !== undefined && isRunning(child) ? child : undefined);

  const handle: ServerHandle = {
    name: program.name,
    url: program.url,
    get pid() {
      return running()?.pid;
    },
    async start() {
      if (running() !== undefined) return;
      const retryUntil = Date.now() + startRetryMs;
      for (;;) {
        child = launch(program);
        const problem = await untilItAnswers(program, child);
        if (problem === undefined) return;
        if (isRunning(child) || Date.now() > retryUntil) {
          await end(child, 'SIGKILL');
          throw new Error(`${program.name} ${problem}.${lastLines(logFileOf(program))}`);
        }
        await delay(200);
      }
    },
    async stop() {
      const current = running();
      if (current !== undefined) await end(current, stopSignals[program.name]);
      rmSync(recordFileOf(program), { force: true });
    },
    async kill() {
      const current = running();
      if (current !== undefined) await end(current, 'SIGKILL');
    },
  };
  await handle.start();
  return handle;
}

/** Stops what a run that was killed left behind of this server, if it still runs. */
export async function stopLeftover(program: Pick<ServerProgram, 'name' | 'dataDir'>): Promise<void> {
  const recordFile = recordFileOf(program);
  const started = Date.now();
  for (let sent: NodeJS.Signals | undefined; ; ) {
    const pid = livingProcess(recordFile);
    if (pid === undefined) break;
    const next = Date.now() - started > stopTimeoutMs ? 'SIGKILL' : stopSignals[program.name];
    if (sent !== next) process.kill(pid, next);
    sent = next;
    await delay(answerPollMs);
  }
  rmSync(recordFile, { force: true });
}

/** Sends the signal, and `SIGKILL` when that does not end the process in time. Returns when it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals, timeoutMs = stopTimeoutMs): Promise<void> {
  if (!isRunning(child)) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await gone;
  clearTimeout(timer);
}

export function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

// Servers are not in our process group (see below), so nothing but us ends them when we end in a hurry.
const launched = new Map<ChildProcess, NodeJS.Signals>();
process.on('exit', () => {
  for (const [child, stopSignal] of launched) child.kill(stopSignal);
});

/**
 * Starts the program in a process group of its own: Ctrl-C in a terminal reaches every process of the foreground group
 * at once, and then the database would be gone before those who use it.
 */
function launch(program: ServerProgram): ChildProcess {
  const log = openSync(logFileOf(program), 'a');
  const child = spawn(program.file, program.args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: { ...process.env, ...program.env },
    ...program.user,
  });
  closeSync(log);
  child.once('error', () => launched.delete(child));
  child.once('exit', () => launched.delete(child));
  if (child.pid !== undefined) {
    launched.set(child, stopSignals[program.name]);
    recordProcess(recordFileOf(program), child.pid);
  }
  child.unref();
  return child;
}

/** Undefined once it answers, or else what went wrong. */
async function untilItAnswers(program: ServerProgram, child: ChildProcess): Promise<string | undefined> {
  let spawnError: Error | undefined;
  child.once('error', (err) => {
    spawnError = err;
  });
  const deadline = Date.now() + startTimeoutMs;
  let reason: unknown;
  while (Date.now() < deadline) {
    if (spawnError !== undefined) return `could not be started: ${spawnError.message}`;
    if (!isRunning(child)) return 'ended before it answered';
    try {
      await program.answers();
      // Whoever answered must be the one that we started.
      if (isRunning(child)) return undefined;
    } catch (err) {
      reason = err;
    }
    await delay(answerPollMs);
  }
  return `did not answer within ${startTimeoutMs / 1000} s (${reason instanceof Error ? reason.message : 'no reply'})`;
}

function lastLines(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5);
  return ` The end of ${logFile}:\n  ${lines.join('\n  ')}`;
}

function recordFileOf({ dataDir, name }: Pick<ServerProgram, 'dataDir' | 'name'>): string {
  return path.join(dataDir, `${name}.process.json`);
}

function logFileOf({ dataDir, name }: Pick<ServerProgram, 'dataDir' | 'name'>): string {
  return path.join(dataDir, 'logs', `${name}.log`);
}
