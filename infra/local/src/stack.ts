import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createDialogTokenKeys } from '@dialog/access/dialog-token-key-file';
import { migrate } from '@dialog/database/migrate';
import { redisNodes } from '@dialog/lanes/redis-url';
import { ConfigurationError } from '@dialog/telemetry/config';
import { z } from 'zod';
import { type DatabaseUrls, ensureDatabase } from './database.ts';
import { freePort, keptPort, whyNotListen } from './free-port.ts';
import { keptSecret } from './kept-secret.ts';
import { acceptsUser, openNats } from './nats.ts';
import type { NatsCreds } from './nats-users.ts';
import { answersQueries, openPostgres } from './postgres.ts';
import { livingProcess, recordProcess } from './process-identity.ts';
import { answersPing, openRedis } from './redis.ts';
import { openServer, type Program, type ServerHandle } from './server-process.ts';
import { stopLeftovers } from './servers.ts';
import { serviceProgram } from './services.ts';
import type { Settings } from './settings.ts';

/** Where everything is, once it runs. */
export type Stack = {
  gatewayUrl: string;
  database: DatabaseUrls;
  redisUrl: string;
  natsUrl: string;
  /** Absent for a NATS that was found instead of started. */
  natsCreds: NatsCreds | undefined;
  /** Absent when another platform is used. */
  emulatorUrl: string | undefined;
  tokenIssuers: readonly string[];
  dialogTokenKeysFile: string;
  actorSaltFile: string;
};

/**
 * Starts what is not given by the settings, in the order of dependence, each waiting for the one before.
 *
 * @param started gets each process as soon as it runs; when this throws, they are the caller's to stop, last one first
 * @throws ConfigurationError before anything is started, when a setting cannot be used
 */
export async function startStack(settings: Settings, started: ServerHandle[], signal: AbortSignal): Promise<Stack> {
  const { dataDir } = settings;
  await claimDataDir(dataDir);
  await checkWhatIsGiven(settings);
  const port = await gatewayPort(settings.port);

  const serverSettings = { dataDir, durability: 'durable', signal } as const;
  const add = <Handle extends ServerHandle>(handle: Handle): Handle => {
    started.push(handle);
    signal.throwIfAborted();
    return handle;
  };
  const addService = async (program: Promise<Program>) => add(await openServer(await program, signal));

  const database =
    settings.databaseUrl === undefined
      ? await ownDatabase(add(await openPostgres(serverSettings)).url, dataDir)
      : { owner: settings.databaseUrl, app: settings.databaseUrl };
  const redisUrl = settings.redisUrl ?? add(await openRedis(serverSettings)).url;
  const nats = settings.natsUrl === undefined ? add(await openNats(serverSettings)) : undefined;
  const natsUrl = nats?.url ?? settings.natsUrl ?? '';
  const credsOf = (user: keyof NatsCreds) => ({ NATS_CREDS: nats?.creds[user] ?? settings.natsCreds });
  await migrate(database.owner);
  signal.throwIfAborted();

  const emulatorPort = await keptPort(dataDir, 'altinn-emulator');
  const emulator =
    settings.altinnPlatformUrl === undefined
      ? await addService(
          serviceProgram(
            'altinn-emulator',
            dataDir,
            { PORT: emulatorPort },
            { DATA_DIR: path.join(dataDir, 'altinn-emulator') },
          ),
        )
      : undefined;
  const platformUrl = emulator?.url ?? settings.altinnPlatformUrl ?? '';
  const eventsUrl = settings.altinnEventsUrl ?? emulator?.url;
  const tokenIssuers = settings.tokenIssuers ?? emulatorIssuers(platformUrl);

  const gatewayUrl = `http://127.0.0.1:${port}`;
  const everywhere = {
    DATABASE_URL: database.app,
    REDIS_URL: redisUrl,
    NATS_URL: natsUrl,
    PUBLIC_URL: settings.publicUrl ?? gatewayUrl,
  };
  const partyKeyFile = path.join(dataDir, 'secrets/party-key');
  keptSecret(partyKeyFile);
  const actorSaltFile = path.join(dataDir, 'secrets/actor-salt');
  keptSecret(actorSaltFile);
  const dialogTokenKeysFile = path.join(dataDir, 'secrets/dialog-token-keys.json');
  await createDialogTokenKeys(dialogTokenKeysFile);
  await addService(
    serviceProgram('event-relay', dataDir, 'HEALTH_PORT', {
      ...everywhere,
      ...credsOf('eventRelay'),
      PARTY_KEY_SECRET_FILE: partyKeyFile,
      // At the emulator one can look at what arrived. A real platform gets events only if that is asked for.
      ALTINN_EVENTS_URL: eventsUrl === 'off' ? undefined : eventsUrl,
      ...(emulator !== undefined && { ALTINN_PLATFORM_URL: emulator.url, ...emulatorClient(dataDir) }),
      ...(nats !== undefined && {
        NATS_SUBSCRIBERS_ACCOUNT: nats.subscribers.account,
        NATS_SUBSCRIBERS_KEY_FILE: nats.subscribers.keyFile,
      }),
    }),
  );
  await addService(
    serviceProgram('authorization-worker', dataDir, 'HEALTH_PORT', { ...everywhere, ALTINN_PLATFORM_URL: platformUrl }),
  );
  await addService(
    serviceProgram('dialog-worker', dataDir, 'HEALTH_PORT', {
      ...everywhere,
      ...credsOf('dialogWorker'),
      OWNER_DATABASE_URL: database.owner,
    }),
  );
  await addService(
    serviceProgram('visibility-worker', dataDir, 'HEALTH_PORT', { ...everywhere, ...credsOf('visibilityWorker') }),
  );
  await addService(
    serviceProgram(
      'gateway',
      dataDir,
      { PORT: port },
      {
        ...everywhere,
        ...credsOf('gateway'),
        TOKEN_ISSUERS: tokenIssuers.join(','),
        ALTINN_PLATFORM_URL: platformUrl,
        DIALOG_TOKEN_KEYS_FILE: dialogTokenKeysFile,
        ACTOR_SALT_FILE: actorSaltFile,
        MAINTENANCE_FILE: path.join(dataDir, 'maintenance'),
        ...(emulator !== undefined && emulatorClient(dataDir)),
      },
    ),
  );
  return {
    gatewayUrl,
    database,
    redisUrl,
    natsUrl,
    natsCreds: nats?.creds,
    emulatorUrl: emulator?.url,
    tokenIssuers,
    dialogTokenKeysFile,
    actorSaltFile,
  };
}

/** Takes the data folder for this process, and stops what one that was killed has left running in it. */
async function claimDataDir(dataDir: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true });
  const owner = path.join(dataDir, 'start.process.json');
  const other = livingProcess(owner);
  if (other !== undefined && other !== process.pid) {
    throw new ConfigurationError(
      `DATA_DIR: ${dataDir} is in use by process ${other}; stop it, or choose another folder`,
    );
  }
  recordProcess(owner, process.pid);
  process.once('exit', () => rmSync(owner, { force: true }));
  await stopLeftovers(dataDir);
}

async function checkWhatIsGiven({ databaseUrl, redisUrl, natsUrl, natsCreds }: Settings): Promise<void> {
  const given: [string, string | undefined, (url: string) => Promise<void>][] = [
    ['DATABASE_URL', databaseUrl, answersQueries],
    ['REDIS_URL', redisUrl, (urls) => Promise.any(redisNodes(urls).map(({ href }) => answersPing(href)))],
    ['NATS_URL', natsUrl, (url) => acceptsUser(url, natsCreds)],
  ];
  for (const [variable, url, answers] of given) {
    if (url === undefined) continue;
    try {
      await answers(url);
    } catch (err) {
      throw new ConfigurationError(`${variable}: cannot be used (${reasonOf(err)})`);
    }
  }
}

async function gatewayPort(wanted: number): Promise<number> {
  if (wanted === 0) return freePort();
  const reason = await whyNotListen(wanted);
  if (reason === undefined) return wanted;
  const explained = reason === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${reason})`;
  throw new ConfigurationError(
    `PORT: ${wanted} ${explained}; choose another, as in PORT=${await freePort()} npm start`,
  );
}

/** Migrations and services get in by different roles. */
function ownDatabase(superuserUrl: string, dataDir: string): Promise<DatabaseUrls> {
  return ensureDatabase(superuserUrl, 'dialogporten', {
    owner: keptSecret(path.join(dataDir, 'secrets/postgres-owner')),
    app: keptSecret(path.join(dataDir, 'secrets/postgres-app')),
  });
}

/** Of Maskinporten's tokens, of those that Altinn gives for them, and of ID-porten's. */
function emulatorIssuers(url: string): string[] {
  return [`${url}/`, `${url}/authentication/api/v1/openid/`, `${url}/idporten`];
}

/** Who our services are to the emulator, which has made a key for them. Calls that need a platform token go by that. */
export function emulatorClient(dataDir: string): NodeJS.ProcessEnv {
  const clientId = 'dialogporten';
  const file = path.join(dataDir, `altinn-emulator/keys/client-${clientId}.jwk.json`);
  const [newest] = z.array(z.looseObject({ kid: z.string() })).parse(JSON.parse(readFileSync(file, 'utf8')));
  return {
    MASKINPORTEN_CLIENT_ID: clientId,
    MASKINPORTEN_CLIENT_JWK: Buffer.from(JSON.stringify(newest)).toString('base64'),
    ALTINN_SUBSCRIPTION_KEY: 'emulator',
  };
}

function reasonOf(err: unknown): string {
  if (err instanceof AggregateError) return err.errors.map(reasonOf).join(', ');
  return err instanceof Error ? err.message : String(err);
}
