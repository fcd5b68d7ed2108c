import { defaultWorkSettings } from '@dialog/lanes/work';
import { durationMs, logLevel, port, readConfig, url, wholeNumber } from '@dialog/telemetry/config';
import { z } from 'zod';

const settings = z
  .object({
    DATABASE_URL: url(['postgres', 'postgresql']),
    REDIS_URL: url(['redis', 'rediss']),
    /** Begins every Redis key, so that several installations can share one Redis. */
    REDIS_PREFIX: z.string().min(1).default('dialog'),
    NATS_URL: url(['nats', 'tls', 'ws', 'wss']),
    /** Path of a NATS credentials file. */
    NATS_CREDS: z.string().optional(),
    /** The same in all processes; another number needs empty lanes. */
    LANES: wholeNumber(1, 1024).default(8),
    /** How long the envelope of a killed worker stays locked; a worker that stands still for longer loses its own. */
    LANE_LOCK_MS: durationMs(1_000, 600_000).default(defaultWorkSettings.lockMs),
    /** How often envelopes are looked for whose lock ran out. Both together is how long a lane can stand still. */
    LANE_LOCK_CHECK_MS: durationMs(100, 600_000).default(defaultWorkSettings.lockCheckMs),
    HEALTH_PORT: port.default(0),
    LOG_LEVEL: logLevel.default('info'),
    /** A lane uses one connection while it applies an envelope; more lanes than that wait for each other. */
    DATABASE_CONNECTIONS: wholeNumber(1, 200).default(8),
    /** Longest statement. An envelope's are a few hundred rows each; one that takes longer is stuck. */
    STATEMENT_TIMEOUT_MS: durationMs(100, 600_000).default(30_000),
    /** How many days ahead the partitions of operations and outbox are made. */
    PARTITION_DAYS_AHEAD: wholeNumber(1, 60).default(7),
    /** Questions to policies that are kept in memory as asked already, about 200 bytes each. Others cost a statement. */
    KNOWN_QUESTIONS_MAX: wholeNumber(1, 1_000_000).default(20_000),
    /** How long a stopping worker may take for the envelopes in hand. What is left goes to the next worker. */
    SHUTDOWN_TIMEOUT_MS: durationMs(0, 600_000).default(15_000),
  })
  .transform((env) => ({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    redisPrefix: env.REDIS_PREFIX,
    natsUrl: env.NATS_URL,
    natsCreds: env.NATS_CREDS,
    laneCount: env.LANES,
    laneLockMs: env.LANE_LOCK_MS,
    laneLockCheckMs: env.LANE_LOCK_CHECK_MS,
    healthPort: env.HEALTH_PORT,
    logLevel: env.LOG_LEVEL,
    databaseConnections: env.DATABASE_CONNECTIONS,
    statementTimeoutMs: env.STATEMENT_TIMEOUT_MS,
    partitionDaysAhead: env.PARTITION_DAYS_AHEAD,
    knownQuestionsMax: env.KNOWN_QUESTIONS_MAX,
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
  }));

export type Config = z.output<typeof settings>;

export function workerConfig(env: NodeJS.ProcessEnv): Config {
  return readConfig(settings, env);
}
