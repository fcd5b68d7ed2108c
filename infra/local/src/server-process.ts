import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { livingProcess, recordProcess } from './process-identity.ts';

/** `durable`: what is confirmed survives a loss of power. `relaxed`: for tests, which throw the data away. */
export type Durability = 'durable' | 'relaxed';

/** `dataDir` is absolute and holds everything that the server keeps. An aborted `signal` ends a start in progress. */
export type ServerSettings = { dataDir: string; durability: Durability; signal?: AbortSignal };

/** Every process that is started here. */
export type ProcessName =
  | 'postgres'
  | 'redis'
  | 'nats'
  | 'altinn-emulator'
  | 'event-relay'
  | 'authorization-worker'
  | 'dialog-worker'
  | 'visibility-worker'
  | 'gateway';

/** A process that can be stopped, killed and started again on the same port and data. */
export type ServerHandle = {
  readonly name: ProcessName;
  readonly url: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Returns when it answers; at once when it runs already. */
  start(): Promise<void>;
  /** In order, as an operator would. Returns when the process is gone. */
  stop(): Promise<void>;
  /** `SIGKILL`. Returns when the process is gone. */
  kill(): Promise<void>;
  /** Resolves when the process that runs now ends without `stop` or `kill`, with how it ended. */
  endedUnexpectedly(): Promise<string>;
};

export type Program = {
  name: ProcessName;
  url: string;
  file: string;
  args: readonly string[];
  env?: Readonly<NodeJS.ProcessEnv>;
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
/** Postgres waits for the children and locks of one that was killed to go; starting it is tried anew for this long. */
const startRetryMs = 5_000;

/** Starts the program and waits until it answers. What an earlier, killed run left of it is stopped first. */
export async function openServer(program: Program, signal?: AbortSignal): Promise<ServerHandle> {
  await stopLeftover(program.dataDir, program.name);
  mkdirSync(path.dirname(logFileOf(program)), { recursive: true });
  let child: ChildProcess | undefined;
  let ended = Promise.withResolvers<string>();
  let endIsWanted = false;
  const running = () => (child !== undefined && isRunning(child) ? child : undefined);
  const endWith = async (exitSignal: NodeJS.Signals) => {
    const current = running();
    endIsWanted = true;
    if (current !== undefined) await end(current, exitSignal);
  };

  const handle: ServerHandle = {
    name: program.name,
    url: program.url,
    get pid() {
      return running()?.pid;
    },
    async start() {
      if (running() !== undefined) return;
      const retryUntil = Date.now() + (program.name === 'postgres' ? startRetryMs : 0);
      for (;;) {
        child = launch(program);
        const problem = await untilItAnswers(program, child, signal);
        if (problem === undefined) break;
        if (isRunning(child) || Date.now() >= retryUntil) {
          await end(child, stopSignalOf(program.name));
          signal?.throwIfAborted();
          throw new Error(`${program.name} ${problem}. ${lastLines(logFileOf(program))}`);
        }
        await delay(200);
      }
      endIsWanted = false;
      ended = Promise.withResolvers();
      const { resolve } = ended;
      child.once('exit', (code, exitSignal) => {
        if (!endIsWanted) resolve(exitSignal ?? `exit code ${code}`);
      });
    },
    async stop() {
      await endWith(stopSignalOf(program.name));
      rmSync(recordFileOf(program.dataDir, program.name), { force: true });
    },
    kill: () => endWith('SIGKILL'),
    endedUnexpectedly: () => ended.promise,
  };
  await handle.start();
  return handle;
}

/** Stops what a run that was killed left behind of this process, if it still runs. */
export async function stopLeftover(dataDir: string, name: ProcessName): Promise<void> {
  const recordFile = recordFileOf(dataDir, name);
  const started = Date.now();
  for (let sent: NodeJS.Signals | undefined; ; ) {
    const pid = livingProcess(recordFile);
    if (pid === undefined) break;
    const next = Date.now() - started > stopTimeoutMs ? 'SIGKILL' : stopSignalOf(name);
    if (sent !== next) process.kill(pid, next);
    sent = next;
    await delay(answerPollMs);
  }
  rmSync(recordFile, { force: true });
}

/** For Postgres a fast shutdown: sessions are ended, nothing is lost. At SIGTERM it would wait for every client to leave. */
function stopSignalOf(name: ProcessName): NodeJS.Signals {
  return name === 'postgres' ? 'SIGINT' : 'SIGTERM';
}

/** Sends the signal, and `SIGKILL` when that does not end the process in time. Returns when it is gone. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await gone;
  clearTimeout(timer);
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

// They are not in our process group (see below), so nothing but us ends them when we end in a hurry.
const launched = new Map<ChildProcess, NodeJS.Signals>();
process.on('exit', () => {
  for (const [child, stopSignal] of launched) child.kill(stopSignal);
});

/**
 * Starts the program in a process group of its own: Ctrl-C in a terminal reaches every process of the foreground group
 * at once, and then the database would be gone before those who use it.
 */
function launch(program: Program): ChildProcess {
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
    launched.set(child, stopSignalOf(program.name));
    recordProcess(recordFileOf(program.dataDir, program.name), child.pid);
  }
  return child;
}

/** Undefined once it answers, or else what went wrong. */
async function untilItAnswers(program: Program, child: ChildProcess, signal?: AbortSignal) {
  let spawnError: Error | undefined;
  child.once('error', (err) => {
    spawnError = err;
  });
  const deadline = Date.now() + startTimeoutMs;
  let reason: unknown;
  while (Date.now() < deadline && signal?.aborted !== true) {
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
  return `The end of ${logFile}:\n  ${lines.join('\n  ')}`;
}

function recordFileOf(dataDir: string, name: ProcessName): string {
  return path.join(dataDir, `${name}.process.json`);
}

function logFileOf({ dataDir, name }: Pick<Program, 'dataDir' | 'name'>): string {
  return path.join(dataDir, 'logs', `${name}.log`);
}
