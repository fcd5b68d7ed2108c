import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const startTimeoutMs = 20_000;
const logLine = z.object({ msg: z.string(), port: z.number().optional() });

/** The gateway as it is run: a process of its own, with nothing in its environment but this. */
export function spawnGateway(env: Record<string, string>) {
  const main = path.join(import.meta.dirname, '../main.ts');
  const gateway = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(gateway, 'exit').then(([code]) => z.number().nullable().parse(code));
  let errors = '';
  gateway.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const started = Promise.withResolvers<number>();
  createInterface(gateway.stdout).on('line', (line) => {
    const { msg, port } = logLine.parse(JSON.parse(line));
    if (msg === 'gateway started' && port !== undefined) started.resolve(port);
  });

  return {
    /** Resolves with the exit code; null if a signal ended it. */
    exited,
    errors: () => errors,
    /** Resolves with the base address. */
    async listening(): Promise<string> {
      const failed = exited.then((code) => Promise.reject(new Error(`The gateway ended with ${code}: ${errors}`)));
      const late = delay(startTimeoutMs, undefined, { ref: false }).then(() => Promise.reject(new Error('No start.')));
      return `http://127.0.0.1:${await Promise.race([started.promise, failed, late])}`;
    },
    signal: (name: NodeJS.Signals) => gateway.kill(name),
    async stop(): Promise<void> {
      if (gateway.exitCode === null && gateway.signalCode === null) gateway.kill('SIGKILL');
      await exited;
    },
  };
}
export type GatewayProcess = ReturnType<typeof spawnGateway>;
