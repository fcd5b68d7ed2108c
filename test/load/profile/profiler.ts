import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type CpuProfile, cpuProfile } from './cpu-profile.ts';

/** Lets processes that are started from now on choose a free port when their inspector is asked for. */
export const inspectable = { NODE_OPTIONS: '--inspect-port=0' };

export type Profiler = { start(): Promise<void>; stop(): Promise<CpuProfile> };

const sampleMicros = 500;
const openTimeoutMs = 10_000;

/**
 * Gets at the CPU profiler of a Node process while it runs. Node opens its inspector at SIGUSR1 and tells its address in
 * the log; so a profile holds the load alone, not the start, and the process need not end to give it away.
 */
export async function openProfiler(pid: number, logFile: string): Promise<Profiler> {
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await inspectorUrl(logFile));
  await once(socket, 'open');
  let lastId = 0;
  const answers = new Map<number, (result: unknown) => void>();
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = z.looseObject({ id: z.number().optional(), result: z.unknown() }).parse(JSON.parse(data));
    if (id !== undefined) answers.get(id)?.(result);
  });
  const call = (method: string, params: Record<string, unknown> = {}) => {
    lastId += 1;
    const id = lastId;
    const answered = new Promise<unknown>((resolve) => answers.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    return answered;
  };
  return {
    async start() {
      await call('Profiler.enable');
      await call('Profiler.setSamplingInterval', { interval: sampleMicros });
      await call('Profiler.start');
    },
    async stop() {
      const { profile } = z.object({ profile: cpuProfile }).parse(await call('Profiler.stop'));
      socket.close();
      return profile;
    },
  };
}

async function inspectorUrl(logFile: string): Promise<string> {
  for (const deadline = Date.now() + openTimeoutMs; Date.now() < deadline; await delay(20)) {
    const url = /Debugger listening on (ws:\S+)/.exec(readFileSync(logFile, 'utf8'))?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`No inspector was opened, as ${logFile} has it.`);
}
