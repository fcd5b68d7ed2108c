import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { vi } from 'vitest';

export type RelayProcess = {
  healthUrl: string;
  /** Lines of its log, as they came. */
  log: string[];
  /** The code that it ended with; null when it was killed. */
  ended: Promise<number | null>;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
};

const main = path.join(import.meta.dirname, '../main.ts');

/** Starts the service as it is run, and returns when it listens. */
export async function spawnRelay(env: Record<string, string>): Promise<RelayProcess> {
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const ended = once(child, 'exit').then(() => {
    running.delete(child);
    return child.exitCode;
  });
  const log: string[] = [];
  const started = Promise.withResolvers<number>();
  void ended.then(() => started.reject(new Error(`event-relay ended at once:\n${log.join('\n')}`)));
  started.promise.catch(() => {});
  createInterface(child.stdout).on('line', (line) => {
    log.push(line);
    const port = /"healthPort":(\d+)/.exec(line)?.[1];
    if (port !== undefined) started.resolve(Number(port));
  });
  const port = await started.promise;
  return {
    healthUrl: `http://127.0.0.1:${port}`,
    log,
    ended,
    async kill(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

const running = new Set<ChildProcess>();

/** Kills what a test has left. */
export async function killLeftRelays(): Promise<void> {
  for (const child of running) {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

export async function untilReady({ healthUrl }: RelayProcess): Promise<void> {
  await vi.waitFor(async () => {
    const { status } = await fetch(`${healthUrl}/health/readiness`);
    if (status !== 200) throw new Error(`Readiness is ${status}.`);
  }, 15_000);
}
