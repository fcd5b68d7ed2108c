import { mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '@dialog/local/free-port';
import { removeDataDir } from '@dialog/local/postgres-files';
import { openServer, type ServerHandle } from '@dialog/local/server-process';
import { serviceProgram } from '@dialog/local/services';
import type { BenchStack } from './bench-stack.ts';

/** A further process of a service, with the settings of the one that runs. Linux alone tells what those are. */
export async function startAnother(
  stack: BenchStack,
  name: 'gateway' | 'dialog-worker',
): Promise<Pick<ServerHandle, 'url' | 'pid' | 'stop'>> {
  const environ = readFileSync(`/proc/${stack.process(name).pid}/environ`, 'utf8').split('\0');
  const env = Object.fromEntries(environ.map((line) => line.split(/=(.*)/s, 2)));
  const { PORT: _port, HEALTH_PORT: _healthPort, ...settings } = env;
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'bench-another-'));
  const ports = name === 'gateway' ? { PORT: await freePort() } : 'HEALTH_PORT';
  const handle = await openServer(await serviceProgram(name, dataDir, ports, settings));
  return {
    url: handle.url,
    pid: handle.pid,
    async stop() {
      await handle.stop();
      removeDataDir(dataDir);
    },
  };
}
