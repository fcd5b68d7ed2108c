import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createDialogTokenKeys } from '@dialog/access/dialog-token-key-file';
import { z } from 'zod';
import type { GatewayFixture } from './gateway-fixture.ts';

/**
 * What a gateway process is told to be one of the gateways of a fixture, on any free port.
 *
 * @param folder gets the files with its secrets, if they are not there
 */
export async function gatewayEnvironment({ space, emulator }: GatewayFixture, folder: string) {
  const keysFile = path.join(folder, 'keys.json');
  const saltFile = path.join(folder, 'actor-salt');
  await createDialogTokenKeys(keysFile);
  writeFileSync(saltFile, 's'.repeat(32));
  return {
    ...{ PORT: '0', LANES: '2', REDIS_PREFIX: space.redisPrefix, REDIS_URL: space.redisUrl },
    ...{ DATABASE_URL: space.databaseUrl, NATS_URL: space.natsUrl, NATS_CREDS: space.natsCreds.gateway },
    ...{ TOKEN_ISSUERS: Object.values(emulator.issuers).join(), ALTINN_PLATFORM_URL: emulator.baseUrl },
    ...{ DIALOG_TOKEN_KEYS_FILE: keysFile, ACTOR_SALT_FILE: saltFile },
    MASKINPORTEN_CLIENT_ID: emulator.platformClient.clientId,
    MASKINPORTEN_CLIENT_JWK: Buffer.from(JSON.stringify(emulator.platformClient.jwk)).toString('base64'),
    ALTINN_SUBSCRIPTION_KEY: 'test',
  };
}

/** It takes one or two seconds; twenty were not enough on a machine with eight times the work that it could do. */
const startTimeoutMs = 45_000;
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
