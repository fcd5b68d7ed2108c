/**
 * `npm start`: the whole service on this machine, in the foreground. Starts or finds Postgres, Redis and NATS, then the
 * emulator of the Altinn platform and the services; stops them in the opposite order at Ctrl-C or SIGTERM.
 */
import { readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { announcement } from './announcement.ts';
import type { ServerHandle } from './server-process.ts';
import { readSettings } from './settings.ts';
import { startStack } from './stack.ts';
import { keepRunning } from './supervise.ts';

const parentPollMs = 250;

// Who started us and read our output may be gone before us; that must not end us before the others have ended.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort(signal));
stopWithNpm();

const started: ServerHandle[] = [];
process.exitCode = await run();

async function run(): Promise<number> {
  try {
    const settings = readSettings(process.env);
    keepPreviousLogs(path.join(settings.dataDir, 'logs'));
    const stack = await startStack(settings, started, stopping.signal);
    const watched = started.map((handle) => keepRunning(handle, stopping.signal, report));
    process.stdout.write(await announcement(stack, settings.dataDir));
    await Promise.all(watched);
    return 0;
  } catch (err) {
    // Told to stop while starting.
    if (stopping.signal.aborted) return 0;
    report(explain(err));
    return 1;
  } finally {
    stopping.abort();
    for (const handle of started.toReversed()) await handle.stop();
  }
}

/** A wrong setting is one line; anything else comes with what caused it. */
function explain(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  return err.cause === undefined ? err.message : `${err.message}\n  because of: ${explain(err.cause)}`;
}

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** npm does not pass a SIGTERM on that is sent to it alone. Then it is gone and we have another parent. */
function stopWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stopping.abort('npm is gone');
  }, parentPollMs).unref();
}

/** Each run writes its logs anew; those of the run before stay beside them. */
function keepPreviousLogs(folder: string): void {
  for (const name of filesIn(folder)) {
    if (name.endsWith('.log') && !name.endsWith('.previous.log')) {
      renameSync(path.join(folder, name), path.join(folder, name.replace(/\.log$/, '.previous.log')));
    }
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
