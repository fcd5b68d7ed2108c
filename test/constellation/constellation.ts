import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createDialogTokenKeys } from '@dialog/access/dialog-token-key-file';
import { startEmulator } from '@dialog/altinn-emulator/emulator';
import type { Operation } from '@dialog/contracts/operation';
import { type Database, openDatabase } from '@dialog/database/open';
import * as operations from '@dialog/database/tables/operations';
import { freePort } from '@dialog/local/free-port';
import { openServer, type ServerHandle } from '@dialog/local/server-process';
import { serviceProgram } from '@dialog/local/services';
import type { TestSpace } from '@dialog/local/testing';
import { expect, inject, vi } from 'vitest';
import { type Answer, operationId, type ServiceOwner, serviceOwner } from './service-owner.ts';

/** Where the servers are that the services use. */
export type Addresses = Omit<TestSpace, 'ownerDatabaseUrl' | 'close'>;

type Settings = Readonly<Record<string, string>>;
type ServiceName = 'gateway' | 'dialog-worker' | 'authorization-worker' | 'visibility-worker' | 'event-relay';

/**
 * Our services as processes of their own, started from their main.ts as in production, and the Altinn emulator in this
 * process. Each `start…` returns when the service says that it is ready, with a handle to stop, kill and start it again.
 */
export type Constellation = {
  /** At most one; clients are made for it. */
  startGateway(settings?: Settings): Promise<ServerHandle>;
  /** Beside that one, at an address of its own. */
  startFurtherGateway(settings?: Settings): Promise<ServerHandle>;
  startWorker(settings?: Settings): Promise<ServerHandle>;
  startAuthorizationWorker(settings?: Settings): Promise<ServerHandle>;
  startRelay(settings?: Settings): Promise<ServerHandle>;
  startVisibilityWorker(settings?: Settings): Promise<ServerHandle>;
  /** The gateway, one worker, one relay. */
  startAll(settings?: Settings): Promise<{ gateway: ServerHandle; worker: ServerHandle; relay: ServerHandle }>;
  /** A client of the gateway with a token of this org, with these scopes if not with the usual ones. */
  serviceOwner(org?: string, scope?: string): Promise<ServiceOwner>;
  /** A token of an end user: `pid=…`, `email=…` or `systemuser=…`, as the emulator takes them. */
  endUserToken(query: string): Promise<string>;
  /** A token of anybody, likewise. */
  token(parameters: Readonly<Record<string, string>>): Promise<string>;
  /** The operations of these answers (202), in their order, once the last has ended. */
  ended(accepted: readonly Answer[], timeoutMs?: number): Promise<Operation[]>;
  /** What the services' database holds, as their own role sees it. */
  readonly db: Database;
  readonly addresses: Addresses;
  readonly gatewayUrl: string;
  readonly laneCount: number;
  /**
   * Keeps workers from applying anything, until the returned function is called: they stand in front of the lanes' row
   * locks. Quicker than stopping them.
   */
  holdLanes(): Promise<() => Promise<void>>;
  /** The ends of all services' logs, for a test that has failed. */
  logs(): string;
  close(): Promise<void>;
};

const logLinesShown = 40;
/** So that nobody has to wait long for a killed worker's envelopes. */
const workerSettings = { LANE_LOCK_MS: '1000', LANE_LOCK_CHECK_MS: '250' };

export async function openConstellation(
  addresses: Addresses,
  { laneCount = 4 }: { laneCount?: number } = {},
): Promise<Constellation> {
  const folder = path.join(inject('testServers').dataDir, `constellation-${randomBytes(4).toString('hex')}`);
  mkdirSync(folder, { recursive: true });
  const partyKeyFile = path.join(folder, 'party-key');
  writeFileSync(partyKeyFile, randomBytes(32).toString('hex'));
  const actorSaltFile = path.join(folder, 'actor-salt');
  writeFileSync(actorSaltFile, randomBytes(32).toString('hex'));
  const dialogTokenKeysFile = path.join(folder, 'dialog-token-keys.json');
  await createDialogTokenKeys(dialogTokenKeysFile);

  const emulator = await startEmulator();
  const gatewayPort = await freePort();
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  const db = openDatabase(addresses.databaseUrl, {
    applicationName: 'test',
    connectionsMax: 2,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 30_000,
  });
  const started: Promise<ServerHandle>[] = [];

  const { databaseUrl, redisUrl, redisPrefix, natsUrl, natsCreds, natsSubscribers } = addresses;
  const everywhere = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    REDIS_PREFIX: redisPrefix,
    NATS_URL: natsUrl,
    LANES: String(laneCount),
    PUBLIC_URL: gatewayUrl,
    // Services are started dozens of times; it halves what that costs.
    NODE_COMPILE_CACHE: path.join(inject('testServers').dataDir, 'compile-cache'),
  };

  const constellation: Constellation = {
    db,
    addresses,
    gatewayUrl,
    laneCount,
    startGateway: (settings) => startGatewayAt(gatewayPort, settings),
    startFurtherGateway: async (settings) => startGatewayAt(await freePort(), settings),
    startWorker: (settings) =>
      start('dialog-worker', 'HEALTH_PORT', natsCreds.dialogWorker, { ...workerSettings, ...settings }),
    startAuthorizationWorker: (settings) =>
      start('authorization-worker', 'HEALTH_PORT', undefined, { ALTINN_PLATFORM_URL: emulator.baseUrl, ...settings }),
    startRelay: (settings) =>
      start('event-relay', 'HEALTH_PORT', natsCreds.eventRelay, {
        PARTY_KEY_SECRET_FILE: partyKeyFile,
        NATS_SUBSCRIBERS_ACCOUNT: natsSubscribers.account,
        NATS_SUBSCRIBERS_KEY_FILE: natsSubscribers.keyFile,
        ...settings,
      }),
    startVisibilityWorker: (settings) =>
      start('visibility-worker', 'HEALTH_PORT', natsCreds.visibilityWorker, {
        ...{ ALARM_LOCK_MS: '1000', ALARM_LOCK_CHECK_MS: '250' },
        ...settings,
      }),
    async startAll(settings) {
      const [gateway, worker, relay] = await Promise.all([
        constellation.startGateway(settings),
        constellation.startWorker(settings),
        constellation.startRelay(settings),
      ]);
      return { gateway, worker, relay };
    },
    async serviceOwner(org = 'ttd', scope) {
      const token = await constellation.token({ org, ...(scope !== undefined && { scope }) });
      return serviceOwner(gatewayUrl, token);
    },
    async token(parameters) {
      const query = new URLSearchParams(parameters).toString();
      return (await fetch(`${emulator.baseUrl}/emulator/token?${query}`)).text();
    },
    async endUserToken(query) {
      return (await fetch(`${emulator.baseUrl}/emulator/token?${query}`)).text();
    },
    async ended(accepted, timeoutMs = 60_000) {
      const ids = accepted.map(operationId);
      const found = await vi.waitFor(
        async () => {
          const ended = await operations.find(db, ids);
          expect(ended.size, 'operations that have ended').toBe(ids.length);
          return ended;
        },
        { timeout: timeoutMs, interval: 100 },
      );
      return ids.flatMap((id) => found.get(id) ?? []);
    },
    async holdLanes() {
      const transaction = await db.startTransaction().execute();
      await transaction.selectFrom('lane').select('id').forUpdate().execute();
      return async () => {
        await transaction.rollback().execute();
      };
    },
    logs: () => logsIn(folder),
    async close() {
      // Also those that were still starting when another one could not be started. The last one first.
      for (const start of (await Promise.allSettled(started)).toReversed()) {
        if (start.status === 'fulfilled') await start.value.stop();
      }
      await db.destroy();
      await emulator.close();
    },
  };
  return constellation;

  function startGatewayAt(port: number, settings: Settings | undefined): Promise<ServerHandle> {
    return start('gateway', { PORT: port }, natsCreds.gateway, {
      TOKEN_ISSUERS: Object.values(emulator.issuers).join(','),
      ALTINN_PLATFORM_URL: emulator.baseUrl,
      ALTINN_SUBSCRIPTION_KEY: 'test',
      DIALOG_TOKEN_KEYS_FILE: dialogTokenKeysFile,
      ACTOR_SALT_FILE: actorSaltFile,
      MASKINPORTEN_CLIENT_ID: emulator.platformClient.clientId,
      MASKINPORTEN_CLIENT_JWK: Buffer.from(JSON.stringify(emulator.platformClient.jwk)).toString('base64'),
      ...settings,
    });
  }

  function start(...service: Parameters<typeof startService>): Promise<ServerHandle> {
    const starting = startService(...service);
    started.push(starting);
    return starting;
  }

  async function startService(
    name: ServiceName,
    ports: { PORT: number } | 'HEALTH_PORT',
    credsFile: string | undefined,
    settings: Settings,
  ): Promise<ServerHandle> {
    // Several processes of one service: each has a folder, and with it a port and a log, of its own.
    const instance = path.join(folder, `${name}-${randomBytes(3).toString('hex')}`);
    mkdirSync(instance);
    const env = { ...everywhere, NATS_CREDS: credsFile, ...settings };
    const program = await serviceProgram(name, instance, ports, env);
    return openServer(program);
  }
}

function logsIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.log'));
  return files
    .map((file) => {
      const text = readFileSync(path.join(folder, file), 'utf8').trimEnd();
      const lines = text.replaceAll(/,"stack":"(\\.|[^"\\])*"/g, '').split('\n');
      return `--- ${file}, the last of ${lines.length} lines\n${lines.slice(-logLinesShown).join('\n')}`;
    })
    .join('\n\n');
}
