import type { Retention } from '@dialog/database/retention';
import { defaultLaneCount } from '@dialog/lanes/lane';
import { redisUrl } from '@dialog/lanes/redis-url';
import { defaultWorkSettings } from '@dialog/lanes/work';
import { durationMs, listOf, logLevel, port, readConfig, url, wholeNumber } from '@dialog/telemetry/config';
import { z } from 'zod';

const settings = z
  .object({
    DATABASE_URL: url(['postgres', 'postgresql']),
    REDIS_URL: redisUrl,
    /** Begins every Redis key, so that several installations can share one Redis. */
    REDIS_PREFIX: z.string().min(1).default('dialog'),
    /** One or more servers of one cluster, comma-separated. */
    NATS_URL: listOf(url(['nats', 'tls', 'ws', 'wss'])),
    /** Path of a NATS credentials file. */
    NATS_CREDS: z.string().optional(),
    /** The same in all processes; another number needs empty lanes. */
    LANES: wholeNumber(1, 1_024).default(defaultLaneCount),
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
    /**
     * The same database as the role that owns the tables: what drops old partitions, and nothing else of this process, needs
     * that. One worker that has it is enough.
     */
    OWNER_DATABASE_URL: url(['postgres', 'postgresql']).optional(),
    /**
     * How long operations can be looked up after they have ended. Two days at least: what is queued is remembered for one
     * in Redis, and must not come back to light behind an operation that was dropped.
     */
    OPERATION_RETENTION_DAYS: wholeNumber(2, 3_650).default(30),
    /**
     * How long a change that is sent again under its idempotent key is told from a new one. Look-ups ask every partition that
     * is kept, so each day more costs envelopes with such keys a little.
     */
    APPLIED_KEY_RETENTION_DAYS: wholeNumber(1, 3_650).default(7),
    /** How long the outbox keeps rows. What a reader has not passed yet is kept beyond that. */
    OUTBOX_RETENTION_DAYS: wholeNumber(1, 3_650).default(7),
    /** How often old partitions are looked for. */
    RETENTION_PERIOD_MS: durationMs(1_000, 86_400_000).default(3_600_000),
    /** How long dropping waits for whoever has been at work on a table; nobody waits for it meanwhile. */
    RETENTION_LOCK_TIMEOUT_MS: durationMs(10, 600_000).default(5_000),
    /** Longest statement of retention: to see when the operations of a day ended, all of them are read. */
    RETENTION_STATEMENT_TIMEOUT_MS: durationMs(1_000, 3_600_000).default(600_000),
    /** How far the clock may be off that of the database. A worker whose clock is wrong more than that waits with its work. */
    CLOCK_SKEW_MAX_MS: durationMs(1_000, 3_600_000).default(60_000),
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
    clockSkewMaxMs: env.CLOCK_SKEW_MAX_MS,
    ownerDatabaseUrl: env.OWNER_DATABASE_URL,
    retention: {
      statementTimeoutMs: env.RETENTION_STATEMENT_TIMEOUT_MS,
      periodMs: env.RETENTION_PERIOD_MS,
      lockTimeoutMs: env.RETENTION_LOCK_TIMEOUT_MS,
      // A table that is partitioned by day needs a line here, and one in `neededBy` of the database's retention.
      retentions: [
        { table: 'operation', keptDays: env.OPERATION_RETENTION_DAYS },
        { table: 'applied_key', keptDays: env.APPLIED_KEY_RETENTION_DAYS },
        { table: 'outbox', keptDays: env.OUTBOX_RETENTION_DAYS },
      ] satisfies Retention[],
    },
    knownQuestionsMax: env.KNOWN_QUESTIONS_MAX,
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
  }));

export type Config = z.output<typeof settings>;

export function workerConfig(env: NodeJS.ProcessEnv): Config {
  return readConfig(settings, env);
}
