import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ListAuthorizations } from '@dialog/access/list-authorization';
import { openPlatform, platformSettings, platformVariables } from '@dialog/access/platform/platform';
import { createTokenVerifier } from '@dialog/access/tokens';
import { type Emulator, startEmulator } from '@dialog/altinn-emulator/emulator';
import { timestampOf } from '@dialog/contracts/timestamp';
import { type Database, openDatabase } from '@dialog/database/open';
import * as operations from '@dialog/database/tables/operations';
import { createSubmitMetrics } from '@dialog/lanes/metrics';
import { openNats } from '@dialog/lanes/open-nats';
import { openRedis } from '@dialog/lanes/open-redis';
import { defaultLanesSettings, type LanesSettings, openLanes } from '@dialog/lanes/submit';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { createLogger } from '@dialog/telemetry/logger';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { createApp, type GatewayDeps } from '../app.ts';
import { levelsOf } from '../authentication-levels.ts';
import { read } from '../database-reads.ts';
import { decisionsOf } from '../decisions.ts';
import { openDialogNotices } from '../dialog-notices.ts';
import { createEventSubscriptions } from '../event-subscriptions.ts';
import { gatewayChecks } from '../health-checks.ts';
import { listAuthorizationsOf } from '../list-authorizations.ts';
import { describingItself } from './described-answers.ts';
import { exampleDialogTokens, exampleLimits, examplePolicySettings } from './example-app.ts';

/** An address where nothing listens. */
export const nowhere = '127.0.0.1:1';

export const serviceProvider = 'digdir:dialogporten.serviceprovider';
const laneCount = 2;

/** Set LOG=1 to see what the gateways have to say during a test. */
const log = createLogger('gateway', process.env.LOG === undefined ? 'silent' : 'debug');

/** How a gateway differs from one that has everything. */
export type GatewayChanges = {
  databaseUrl?: string;
  redisUrl?: string;
  platformUrl?: string;
  closing?: AbortSignal;
  lanes?: Partial<LanesSettings>;
  limits?: Partial<GatewayDeps['limits']>;
  /** Stands between the gateway and what the platform tells of rights. */
  lists?: (lists: ListAuthorizations) => ListAuthorizations;
};

/**
 * A corner of the test servers, the Altinn emulator, and as many gateways and workers as a test wants.
 * `close` closes everything, the last opened first.
 */
export async function openGatewayFixture() {
  const space = await openTestSpace();
  const emulator = await startEmulator();
  const opened: (() => Promise<unknown>)[] = [() => space.close(), () => emulator.close()];
  const tokens = new Map<string, Promise<string>>();
  // Gateways have the same keys.
  const dialogTokens = exampleDialogTokens();

  return {
    space,
    emulator,

    /** A gateway as main.ts puts it together, whose answers are held against its description. */
    async openGateway(changes: GatewayChanges = {}) {
      const db = openDatabase(changes.databaseUrl ?? space.databaseUrl, {
        ...{ applicationName: 'gateway', connectionsMax: 4, connectTimeoutMs: 1_000, statementTimeoutMs: 5_000 },
      });
      opened.push(() => db.destroy());
      const redis = openRedis({ url: changes.redisUrl ?? space.redisUrl, name: 'gateway', whenAway: 'fail', log });
      opened.push(() => redis.close());
      const nats = openNats({ servers: space.natsUrl, name: 'gateway', credsFile: space.natsCreds.gateway, log });
      opened.push(() => nats.close());
      const registry = new Registry();
      const lanes = await openLanes(
        {
          ...{ redis, nats, metrics: createSubmitMetrics(registry), log },
          findEnded: (ids) => read(() => operations.find(db, ids)),
        },
        {
          ...{ ...defaultLanesSettings, laneCount, prefix: space.redisPrefix, gatewayId: randomUUID() },
          ...{ closeTimeoutMs: 100, ...changes.lanes },
        },
      );
      opened.push(() => lanes.close());
      const settings = platformAt(changes.platformUrl ?? emulator.baseUrl, emulator);
      const platform = openPlatform(settings, { log, upstream: { retries: 0 } });
      const app = createApp({
        ...{ db, lanes, log, registry, publicUrl: undefined, checks: gatewayChecks({ db, lanes, nats }) },
        tokens: createTokenVerifier(Object.values(emulator.issuers), { log }),
        ...platform,
        lists: changes.lists?.(listAuthorizationsOf(platform, db)) ?? listAuthorizationsOf(platform, db),
        subscriptions: createEventSubscriptions(nats),
        authenticationLevels: levelsOf(platform.authenticationLevels, db, examplePolicySettings),
        decisions: decisionsOf(platform, { db, registry, log, policySettings: examplePolicySettings }),
        dialogTokens,
        notices: openDialogNotices({ nats, log }),
        corsOrigins: '*',
        limits: { ...exampleLimits, ...changes.limits },
        policySettings: examplePolicySettings,
        closing: changes.closing ?? new AbortController().signal,
        actorSalt: Buffer.alloc(16, 1),
        maintenance: async () => undefined,
        now: () => timestampOf(Date.now()),
        newId: () => randomUUIDv7(),
      });
      return describingItself(app);
    },

    /** The dialog-worker as it is run: a process of its own. */
    startWorker(): void {
      const worker = spawnService('dialog-worker', space, space.natsCreds.dialogWorker, {});
      opened.push(() => stop(worker));
    },

    /** The event-relay, likewise. */
    startRelay(settings: Record<string, string> = {}): void {
      const secrets = mkdtempSync(path.join(os.tmpdir(), 'gateway-relay-'));
      opened.push(async () => rmSync(secrets, { recursive: true }));
      const secretFile = path.join(secrets, 'party-key');
      writeFileSync(secretFile, 'a secret of the test, long enough');
      const relay = spawnService('event-relay', space, space.natsCreds.eventRelay, {
        PUBLIC_URL: 'http://127.0.0.1:8080',
        PARTY_KEY_SECRET_FILE: secretFile,
        NATS_SUBSCRIBERS_ACCOUNT: space.natsSubscribers.account,
        NATS_SUBSCRIBERS_KEY_FILE: space.natsSubscribers.keyFile,
        ...settings,
      });
      opened.push(() => stop(relay));
    },

    /** Headers of a request by an organisation of the emulator. */
    async as(org: string, scope = serviceProvider, more: Record<string, string> = {}): Promise<Record<string, string>> {
      return bearer({ org, scope, ...more });
    },

    /** Headers of a request by an end user: `{ pid }`, `{ email }` or `{ systemuser }`, as the emulator takes them. */
    asEndUser: (user: Record<string, string>): Promise<Record<string, string>> => bearer(user),

    /** The gateways' database, for what a test looks at or prepares behind their backs. */
    openDatabase(): Database {
      const db = openDatabase(space.databaseUrl, {
        ...{ applicationName: 'test', connectionsMax: 2, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000 },
      });
      opened.push(() => db.destroy());
      return db;
    },

    async close(): Promise<void> {
      for (const close of opened.toReversed()) await close();
    },
  };

  async function bearer(parameters: Record<string, string>): Promise<Record<string, string>> {
    const query = new URLSearchParams(parameters).toString();
    const known = tokens.get(query) ?? fetch(`${emulator.baseUrl}/emulator/token?${query}`).then((r) => r.text());
    tokens.set(query, known);
    return { Authorization: `Bearer ${await known}` };
  }
}
export type GatewayFixture = Awaited<ReturnType<typeof openGatewayFixture>>;

/** The platform as a service is told of it. */
export function platformAt(platformUrl: string, { platformClient }: Emulator) {
  return z
    .object(platformVariables)
    .transform(platformSettings)
    .parse({
      ALTINN_PLATFORM_URL: platformUrl,
      ALTINN_SUBSCRIPTION_KEY: 'any',
      MASKINPORTEN_CLIENT_ID: platformClient.clientId,
      MASKINPORTEN_CLIENT_JWK: Buffer.from(JSON.stringify(platformClient.jwk)).toString('base64'),
    });
}

function spawnService(
  name: 'dialog-worker' | 'event-relay',
  space: TestSpace,
  credsFile: string,
  settings: Record<string, string>,
): ChildProcess {
  const main = path.join(import.meta.dirname, `../../../${name}/src/main.ts`);
  return spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: space.databaseUrl,
      REDIS_URL: space.redisUrl,
      REDIS_PREFIX: space.redisPrefix,
      NATS_URL: space.natsUrl,
      NATS_CREDS: credsFile,
      LANES: String(laneCount),
      LOG_LEVEL: process.env.LOG === undefined ? 'error' : 'debug',
      ...settings,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function stop(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null) return;
  worker.kill('SIGTERM');
  await once(worker, 'exit');
}
