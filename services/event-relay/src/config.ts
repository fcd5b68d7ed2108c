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

const hourMs = 3_600_000;

/** Settings by environment variable. */
export const relayConfig = z
  .object({
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
    /** Lanes relayed at the same time, each with a database connection. All share one connection to NATS. */
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

    /** How long a stopping relay may take for the batches in hand. What is left is repeated by the next one. */
    SHUTDOWN_TIMEOUT_MS: durationMs(0, 600_000).default(15_000),
  })
  .transform((env) => ({
    databaseUrl: env.DATABASE_URL,
    nats: { servers: env.NATS_URL, credsFile: env.NATS_CREDS, connectTimeoutMs: env.NATS_CONNECT_TIMEOUT_MS },
    messages: { publicUrl: env.PUBLIC_URL.replace(/\/+$/, ''), partyKeySecret: env.PARTY_KEY_SECRET_FILE },
    health: { hostname: env.HOST, port: env.HEALTH_PORT },
    logLevel: env.LOG_LEVEL,
    batchRowsMax: env.RELAY_BATCH_ROWS_MAX,
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
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
  }));
