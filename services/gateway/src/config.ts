import { listSettingsDefault } from '@dialog/access/list-authorization';
import { platformSettings, platformVariables } from '@dialog/access/platform/platform';
import { redisUrl } from '@dialog/lanes/redis-url';
import { defaultLanesSettings } from '@dialog/lanes/submit';
import {
  durationMs,
  listOf,
  logLevel,
  port,
  readConfig,
  secretFile,
  trustedUrl,
  url,
  wholeNumber,
} from '@dialog/telemetry/config';
import { z } from 'zod';

/** Below the limit of most load balancers, which cut a connection that is silent for a minute. */
const waitMsMaxDefault = 30_000;

/** What a browser sends as `Origin`: without a path, a slash at the end, or a port that goes without saying. */
const origin = z.string().refine((text) => text === '*' || (URL.canParse(text) && new URL(text).origin === text), {
  error: 'must be * or origins such as https://front.example, without a path',
});

/** Environment variables, with their defaults, and what the code calls them. */
export const gatewayConfig = z
  .object({
    PORT: port.default(8080),
    HOST: z.string().default('127.0.0.1'),
    /** Where clients reach the gateway, if that is not where it listens. Stands in dialog tokens as part of `iss`. */
    PUBLIC_URL: url(['http', 'https']).optional(),
    LOG_LEVEL: logLevel.default('info'),

    TOKEN_ISSUERS: listOf(trustedUrl),
    ...platformVariables,

    /** Two key pairs for dialog tokens, as `npm run keys` makes and rotates them: a file, or its text. */
    DIALOG_TOKEN_KEYS_FILE: z.string().optional(),
    DIALOG_TOKEN_KEYS: z.string().optional(),
    /** In which time a changed file counts. Rotation allows gateways a minute. */
    DIALOG_TOKEN_KEYS_RECHECK_MS: durationMs(0, 60_000).default(5_000),

    /**
     * Path of the file with the secret that stands behind what end users see in place of other persons' numbers. All
     * gateways need the same one: a person who looks different to each of them is several persons.
     */
    ACTOR_SALT_FILE: secretFile,

    /**
     * How long ago the registry may have confirmed a policy whose answers count. As long as an answer of the decision point
     * is kept; much more than the authorization-worker takes from one confirmation to the next.
     */
    POLICY_AGE_MAX_MS: durationMs(1_000, 86_400_000).default(30 * 60_000),
    /** The same for a service's minimum level, after which the registry is asked for it, as long as that is kept. */
    POLICY_LEVEL_AGE_MAX_MS: durationMs(1_000, 86_400_000).default(6 * 60 * 60_000),
    /** How long a gateway goes by a minimum level before it looks again in the database. */
    POLICY_LEVEL_FRESH_MS: durationMs(1, 60_000).default(10_000),

    DATABASE_URL: url(['postgres', 'postgresql']),
    DATABASE_CONNECTIONS: wholeNumber(1, 1_000).default(10),
    /** A caller is told soon that the database is away; it is asked again at the next request. */
    CONNECT_TIMEOUT_MS: durationMs(1, 60_000).default(2_000),
    STATEMENT_TIMEOUT_MS: durationMs(1, 600_000).default(10_000),

    /** Services and parties of an end user, above which it is looked up which services a party has dialogs of. */
    LIST_RESOURCES_UNPRUNED_MAX: wholeNumber(0, 1_000_000).default(listSettingsDefault.resourcesUnprunedMax),
    LIST_PARTIES_UNPRUNED_MAX: wholeNumber(0, 1_000_000).default(listSettingsDefault.partiesUnprunedMax),

    /** Parties of an end user, up to which its services are told exactly. All are looked for in one statement. */
    EXACT_LIST_PARTIES_MAX: wholeNumber(0, 1_500).default(1_000),

    REDIS_URL: redisUrl,
    REDIS_PREFIX: z.string().default('dialog'),
    LANES: wholeNumber(1, 1_024).default(defaultLanesSettings.laneCount),
    LANE_ENVELOPES_MAX: wholeNumber(1, 1_000_000).default(defaultLanesSettings.laneEnvelopesMax),
    CALLERS_MAX: wholeNumber(1, 1_000_000).default(defaultLanesSettings.callersMax),
    /** One or more servers of one cluster, comma-separated. */
    NATS_URL: listOf(url(['nats', 'tls'])),
    NATS_CREDS: z.string().optional(),

    /** How long a write waits for its outcome, before it is answered 202. */
    WRITE_WAIT_MS: durationMs(0, 600_000).default(10_000),
    /** The longest that `Prefer: wait` gets. */
    WAIT_MAX_MS: durationMs(0, 600_000).default(waitMsMaxDefault),
    WATCHERS_MAX: wholeNumber(0, 1_000_000).default(5_000),
    HEARTBEAT_MS: durationMs(100, 600_000).default(15_000),
    /**
     * Pages that follow a dialog at a time. Measured: each costs 36 KB of memory, and an event 0.12 ms of processor time for
     * each page that it goes to.
     */
    EVENT_STREAMS_MAX: wholeNumber(0, 1_000_000).default(5_000),
    /** How soon such a page is told of one change after another. Each makes it read the dialog again. */
    EVENT_INTERVAL_MS: durationMs(0, 60_000).default(250),
    /** Origins of web pages that may follow a dialog, or `*` for all: none gets in without a dialog token. */
    CORS_ORIGINS: listOf(origin).default(['*']),
    /** Batches at a time. Each may have begun a line, of which it keeps the bytes that have come. */
    BATCHES_MAX: wholeNumber(0, 10_000).default(32),
    /**
     * Lines of one batch that are read and whose outcome the caller has not taken. Enough to give each of eight lanes an
     * envelope of a hundred while it gathers the next; what is more waits for its turn in memory.
     */
    BATCH_LINES_MAX: wholeNumber(1, 100_000).default(2_000),
    BATCH_BYTES_MAX: wholeNumber(1_000, 1_000_000_000).default(8_000_000),
    /** The same of all batches, up to when they have ended. Below CALLERS_MAX, which other writes need too. */
    BATCH_TOTAL_LINES_MAX: wholeNumber(1, 1_000_000).default(8_000),
    BATCH_TOTAL_BYTES_MAX: wholeNumber(1_000, 1_000_000_000).default(32_000_000),
    /** Longest line. A larger dialog has a route of its own. */
    BATCH_LINE_BYTES_MAX: wholeNumber(100, 1_000_000_000).default(4_000_000),
    /** Lines of one batch that wait at a time for what the platform knows of what they name. */
    BATCH_LOOKUPS_MAX: wholeNumber(1, 10_000).default(64),
    /** How soon a line is tried again whose lane was full. */
    BATCH_RETRY_MS: durationMs(1, 60_000).default(200),
    /** How long lines are tried again while Redis is away, before they are answered 503. */
    BATCH_UNAVAILABLE_MS_MAX: durationMs(0, 3_600_000).default(30_000),
    /** How long the caller of a batch may neither send nor read, before it is cut off. */
    BATCH_IDLE_MS: durationMs(100, 3_600_000).default(300_000),
    /** How long any other request may take to come in. */
    REQUEST_TIMEOUT_MS: durationMs(100, 3_600_000).default(300_000),
    BODY_BYTES_MAX: wholeNumber(1_000, 1_000_000_000).default(20_000_000),
    /** Longer than a load balancer keeps idle connections, or it sends a request into one that is just being closed. */
    KEEP_ALIVE_TIMEOUT_MS: durationMs(0, 3_600_000).default(65_000),
    /** While this file is there, the API answers 503. It may hold the time of the end (`2026-03-01T08:00:00Z`). */
    MAINTENANCE_FILE: z.string().optional(),
    MAINTENANCE_RECHECK_MS: durationMs(0, 600_000).default(1_000),
    /** For requests in hand when the process is told to stop. Longer than WRITE_WAIT_MS, or they are cut off. */
    SHUTDOWN_TIMEOUT_MS: durationMs(100, 600_000).default(20_000),
  })
  .superRefine(({ DIALOG_TOKEN_KEYS_FILE: file, DIALOG_TOKEN_KEYS: json }, context) => {
    if ((file === undefined) !== (json === undefined)) return;
    const message = 'one of DIALOG_TOKEN_KEYS_FILE and DIALOG_TOKEN_KEYS must be set, not both';
    context.addIssue({ code: 'custom', path: ['DIALOG_TOKEN_KEYS_FILE'], message });
  })
  .transform((env) => ({
    http: {
      port: env.PORT,
      hostname: env.HOST,
      keepAliveTimeoutMs: env.KEEP_ALIVE_TIMEOUT_MS,
      requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
    },
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, ''),
    logLevel: env.LOG_LEVEL,
    tokenIssuers: env.TOKEN_ISSUERS,
    dialogTokens: {
      issuer: `${(env.PUBLIC_URL ?? `http://${env.HOST}:${env.PORT}`).replace(/\/+$/, '')}/api/v1`,
      keys:
        env.DIALOG_TOKEN_KEYS_FILE === undefined
          ? { json: env.DIALOG_TOKEN_KEYS ?? '' }
          : { file: env.DIALOG_TOKEN_KEYS_FILE },
      recheckMs: env.DIALOG_TOKEN_KEYS_RECHECK_MS,
    },
    actorSalt: Buffer.from(env.ACTOR_SALT_FILE),
    platform: platformSettings(env),
    policySettings: {
      answerAgeMsMax: env.POLICY_AGE_MAX_MS,
      levelAgeMsMax: env.POLICY_LEVEL_AGE_MAX_MS,
      levelFreshMs: env.POLICY_LEVEL_FRESH_MS,
    },
    databaseUrl: env.DATABASE_URL,
    database: {
      applicationName: 'gateway',
      connectionsMax: env.DATABASE_CONNECTIONS,
      connectTimeoutMs: env.CONNECT_TIMEOUT_MS,
      statementTimeoutMs: env.STATEMENT_TIMEOUT_MS,
    },
    lists: {
      resourcesUnprunedMax: env.LIST_RESOURCES_UNPRUNED_MAX,
      partiesUnprunedMax: env.LIST_PARTIES_UNPRUNED_MAX,
    },
    redisUrl: env.REDIS_URL,
    lanes: {
      ...defaultLanesSettings,
      prefix: env.REDIS_PREFIX,
      laneCount: env.LANES,
      laneEnvelopesMax: env.LANE_ENVELOPES_MAX,
      callersMax: env.CALLERS_MAX,
    },
    natsUrl: env.NATS_URL,
    natsCredsFile: env.NATS_CREDS,
    limits: {
      writeWaitMs: env.WRITE_WAIT_MS,
      waitMsMax: env.WAIT_MAX_MS,
      watchersMax: env.WATCHERS_MAX,
      heartbeatMs: env.HEARTBEAT_MS,
      bodyBytesMax: env.BODY_BYTES_MAX,
      exactListPartiesMax: env.EXACT_LIST_PARTIES_MAX,
      eventStreamsMax: env.EVENT_STREAMS_MAX,
      eventIntervalMs: env.EVENT_INTERVAL_MS,
      batchesMax: env.BATCHES_MAX,
      batchLinesMax: env.BATCH_LINES_MAX,
      batchBytesMax: env.BATCH_BYTES_MAX,
      batchTotalLinesMax: env.BATCH_TOTAL_LINES_MAX,
      batchTotalBytesMax: env.BATCH_TOTAL_BYTES_MAX,
      batchLineBytesMax: env.BATCH_LINE_BYTES_MAX,
      batchLookupsMax: env.BATCH_LOOKUPS_MAX,
      batchRetryMs: env.BATCH_RETRY_MS,
      batchUnavailableMsMax: env.BATCH_UNAVAILABLE_MS_MAX,
      batchIdleMs: env.BATCH_IDLE_MS,
    },
    corsOrigins: env.CORS_ORIGINS.includes('*') ? ('*' as const) : env.CORS_ORIGINS,
    maintenance: { file: env.MAINTENANCE_FILE, recheckMs: env.MAINTENANCE_RECHECK_MS },
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
  }));
export type GatewayConfig = z.output<typeof gatewayConfig>;

/** Ends the process with one line for each variable that is missing or wrong. */
export function readGatewayConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  return readConfig(gatewayConfig, env);
}
