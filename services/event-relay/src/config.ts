import { platformSettings, platformVariables } from '@dialog/access/platform/platform';
import {
  durationMs,
  listOf,
  logLevel,
  port,
  readableFile,
  secretFile,
  url,
  wholeNumber,
} from '@dialog/telemetry/config';
import { z } from 'zod';
import { retryPauses } from './retry-pauses.ts';
import { subscriptionSettings, subscriptionVariables } from './subscription-settings.ts';

const hourMs = 3_600_000;
const pauses = listOf(durationMs(1, 24 * hourMs));

const variables = z.object({
  DATABASE_URL: url(['postgres', 'postgresql']),
  /** One or more servers of one cluster, comma-separated. */
  NATS_URL: listOf(url(['nats', 'tls', 'ws', 'wss'])),
  /** Path of a NATS credentials file. Read at every connect, so that it can be replaced. */
  NATS_CREDS: readableFile.optional(),
  /** Path of the file with the secret that parties' keys in subjects are made with. */
  PARTY_KEY_SECRET_FILE: secretFile,
  /** Base address under which end users reach the service; what events point at. */
  PUBLIC_URL: url(['http', 'https']),
  /** Where health and metrics are served. */
  HOST: z.string().default('127.0.0.1'),
  HEALTH_PORT: port.default(0),
  LOG_LEVEL: logLevel.default('info'),

  /** Rows of one lane that are published together. A row is a few messages; memory and repetitions are bounded by it. */
  RELAY_BATCH_ROWS_MAX: wholeNumber(1, 10_000).default(128),
  /** With more rows waiting in a lane, new changes of other dialogs pass them. Fewer are worked off in a second or two. */
  RELAY_BYPASS_ROWS_MIN: wholeNumber(1, 1_000_000_000).default(5_000),
  /** Rows whose dialogs are noted in one statement, before changes pass them. 20,000 take about a quarter of a second. */
  RELAY_BYPASS_NOTE_ROWS_MAX: wholeNumber(1, 1_000_000).default(20_000),
  /**
   * Lanes relayed at the same time, each with a database connection, and as many again where changes pass a backlog. All
   * share one connection to NATS.
   */
  RELAY_LANES_AT_ONCE_MAX: wholeNumber(1, 64).default(4),
  /** How often the outbox is looked at without a signal: how late an event may be whose signal was lost. */
  RELAY_POLL_MS: durationMs(10, 60_000).default(250),
  /** Messages of a lane that are on their way to JetStream, not acknowledged yet. */
  RELAY_IN_FLIGHT_MAX: wholeNumber(1, 10_000).default(512),
  /** A server that is this late is taken for gone. One under load with a full stream was seen to pause for 2.4 s. */
  NATS_ACK_TIMEOUT_MS: durationMs(100, 120_000).default(10_000),
  NATS_CONNECT_TIMEOUT_MS: durationMs(100, 120_000).default(5_000),
  /** Longest pause between attempts while NATS or Postgres is away: how late it is noticed that they are back. */
  RELAY_RETRY_MAX_MS: durationMs(10, 60_000).default(2_000),
  STATEMENT_TIMEOUT_MS: durationMs(100, 600_000).default(30_000),

  EVENT_STREAM_REPLICAS: wholeNumber(1, 5).default(1),
  EVENT_STREAM_HOURS_MAX: wholeNumber(1, 24 * 366).default(7 * 24),
  /** 1 GiB holds about 1.2 million messages, those of 150,000 new dialogs, and costs the server 400 MB of memory. */
  EVENT_STREAM_BYTES_MAX: wholeNumber(1_048_576, 999_999_999_999_999).default(1_024 ** 3),
  /** What has to be outlasted is a restart. At 10,000 messages a second two minutes are 500 MB of the server's memory. */
  EVENT_DUPLICATE_WINDOW_MS: durationMs(1_000, hourMs).default(120_000),

  ...subscriptionVariables,

  /**
   * Base address of Altinn Events. With it, events go there as well, under a platform token: so the variables of the
   * platform are needed too, but for its address if that is the same. Without it, nothing is forwarded.
   */
  ALTINN_EVENTS_URL: url(['https', 'http']).optional(),
  ...platformVariables,
  ALTINN_PLATFORM_URL: platformVariables.ALTINN_PLATFORM_URL.optional(),
  /** Rows of one lane that a turn takes on. They are in memory, with their events. */
  FORWARD_ROWS_MAX: wholeNumber(1, 10_000).default(256),
  /** Lanes at the same time, each with a database connection, and dialogs of each: the product is calls under way. */
  FORWARD_LANES_AT_ONCE_MAX: wholeNumber(1, 64).default(4),
  FORWARD_CALLS_PER_LANE_MAX: wholeNumber(1, 256).default(8),
  FORWARD_CALL_TIMEOUT_MS: durationMs(100, 60_000).default(10_000),
  /** How long a dialog with many events may keep the others of its lane waiting. */
  FORWARD_TURN_MS: durationMs(10, 60_000).default(2_000),
  /** How often the outbox is looked at: how late an event may be. */
  FORWARD_POLL_MS: durationMs(10, 60_000).default(250),
  /** Pauses between attempts, and longer ones, after each of which come the former again. Then an event is given up. */
  FORWARD_RETRY_PAUSES_MS: pauses.default([100, 200, 500, 800, 1_000]),
  FORWARD_REDELIVERY_PAUSES_MS: pauses.default([60_000, 300_000, 600_000, 900_000]),
  /** How late it is noticed that a receiver is back that was away altogether. */
  FORWARD_AWAY_PAUSE_MAX_MS: durationMs(100, hourMs).default(30_000),
  /** Rows of a lane that wait because an event of their dialog failed. With more, the whole lane waits for it. */
  FORWARD_HELD_BACK_ROWS_MAX: wholeNumber(1, 1_000_000).default(10_000),

  /** How long a stopping relay may take for the batches in hand. What is left is repeated by the next one. */
  SHUTDOWN_TIMEOUT_MS: durationMs(0, 600_000).default(15_000),
});

/** Settings by environment variable. */
export const relayConfig = variables.transform((env) => ({
  databaseUrl: env.DATABASE_URL,
  nats: { servers: env.NATS_URL, credsFile: env.NATS_CREDS, connectTimeoutMs: env.NATS_CONNECT_TIMEOUT_MS },
  messages: { publicUrl: env.PUBLIC_URL.replace(/\/+$/, ''), partyKeySecret: env.PARTY_KEY_SECRET_FILE },
  health: { hostname: env.HOST, port: env.HEALTH_PORT },
  logLevel: env.LOG_LEVEL,
  bypass: {
    batchRowsMax: env.RELAY_BATCH_ROWS_MAX,
    bypassRowsMin: env.RELAY_BYPASS_ROWS_MIN,
    noteRowsMax: env.RELAY_BYPASS_NOTE_ROWS_MAX,
  },
  lanesAtOnceMax: env.RELAY_LANES_AT_ONCE_MAX,
  pollMs: env.RELAY_POLL_MS,
  publish: {
    inFlightMax: env.RELAY_IN_FLIGHT_MAX,
    ackTimeoutMs: env.NATS_ACK_TIMEOUT_MS,
    pipelining: env.EVENT_STREAM_REPLICAS === 1 ? ('everything' as const) : ('one-per-dialog' as const),
  },
  retryMaxMs: env.RELAY_RETRY_MAX_MS,
  statementTimeoutMs: env.STATEMENT_TIMEOUT_MS,
  stream: {
    replicas: env.EVENT_STREAM_REPLICAS,
    ageMaxMs: env.EVENT_STREAM_HOURS_MAX * hourMs,
    bytesMax: env.EVENT_STREAM_BYTES_MAX,
    duplicateWindowMs: env.EVENT_DUPLICATE_WINDOW_MS,
  },
  forwarder: forwarderSettings(env),
  subscriptions: subscriptionSettings(env),
  shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
}));
export type RelayConfig = z.output<typeof relayConfig>;

/** Undefined: nothing is forwarded. */
function forwarderSettings(env: z.infer<typeof variables>) {
  const { ALTINN_EVENTS_URL: address, FORWARD_CALL_TIMEOUT_MS: callTimeoutMs } = env;
  if (address === undefined) return undefined;
  const eventsUrl = address.replace(/\/+$/, '');
  const platform = platformSettings({ ...env, ALTINN_PLATFORM_URL: env.ALTINN_PLATFORM_URL ?? eventsUrl });
  return {
    altinn: { ...platform, eventsUrl, callTimeoutMs },
    publicUrl: env.PUBLIC_URL.replace(/\/+$/, ''),
    rowsMax: env.FORWARD_ROWS_MAX,
    lanesAtOnceMax: env.FORWARD_LANES_AT_ONCE_MAX,
    callsMax: env.FORWARD_CALLS_PER_LANE_MAX,
    turnMs: env.FORWARD_TURN_MS,
    pollMs: env.FORWARD_POLL_MS,
    pausesMs: retryPauses(env.FORWARD_RETRY_PAUSES_MS, env.FORWARD_REDELIVERY_PAUSES_MS),
    awayPauseMaxMs: env.FORWARD_AWAY_PAUSE_MAX_MS,
    heldRowsMax: env.FORWARD_HELD_BACK_ROWS_MAX,
    retryMaxMs: env.RELAY_RETRY_MAX_MS,
    // A transaction of the forwarder waits for calls: its turn, and what the last one may take with a new token or two.
    statementTimeoutMs: env.STATEMENT_TIMEOUT_MS + env.FORWARD_TURN_MS + 6 * callTimeoutMs,
  };
}
