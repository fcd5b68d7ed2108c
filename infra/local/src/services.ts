import path from 'node:path';
import { keptPort } from './free-port.ts';
import type { ProcessName, Program } from './server-process.ts';
import { cloneDir } from './settings.ts';

type ServiceName = Exclude<ProcessName, 'postgres' | 'redis' | 'nats'>;

const programs: Record<ServiceName, string> = {
  'altinn-emulator': 'infra/altinn-emulator/src/main.ts',
  'event-relay': 'services/event-relay/src/main.ts',
  'authorization-worker': 'services/authorization-worker/src/main.ts',
  'dialog-worker': 'services/dialog-worker/src/main.ts',
  'visibility-worker': 'services/visibility-worker/src/main.ts',
  gateway: 'services/gateway/src/main.ts',
};
const readinessTimeoutMs = 5_000;

/** Settings of `npm start` itself; a service would take some of them for its own. */
const own = [
  'PORT',
  'HOST',
  'DATA_DIR',
  'HEALTH_PORT',
  'PUBLIC_URL',
  'NATS_CREDS',
  'DIALOG_TOKEN_KEYS',
  'ALTINN_EVENTS_URL',
];
const withoutOwn = Object.fromEntries(own.map((name) => [name, undefined]));

/**
 * How to run one of our services: with the Node that runs this, ready when it says so.
 *
 * @param ports where it serves: `PORT` for one that answers users, `HEALTH_PORT` for one that only tells how it is
 */
export async function serviceProgram(
  name: ServiceName,
  dataDir: string,
  ports: { PORT: number } | 'HEALTH_PORT',
  env: NodeJS.ProcessEnv,
): Promise<Program> {
  const [variable, port] =
    ports === 'HEALTH_PORT' ? ['HEALTH_PORT', await keptPort(dataDir, name)] : ['PORT', ports.PORT];
  const url = `http://127.0.0.1:${port}`;
  return {
    name,
    url,
    file: process.execPath,
    args: [path.join(cloneDir, programs[name])],
    env: { ...withoutOwn, HOST: '127.0.0.1', [variable]: String(port), ...env },
    dataDir,
    answers: async () => {
      const response = await fetch(`${url}/health/readiness`, { signal: AbortSignal.timeout(readinessTimeoutMs) });
      if (!response.ok) throw new Error(`readiness is ${response.status}: ${await response.text()}`);
    },
  };
}
