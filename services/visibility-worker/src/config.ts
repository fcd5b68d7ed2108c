import { defaultLaneCount } from '@dialog/lanes/lane';
import { redisUrl } from '@dialog/lanes/redis-url';
import { durationMs, listOf, logLevel, port, url, wholeNumber } from '@dialog/telemetry/config';
import { z } from 'zod';

/** Settings by environment variable. */
export const visibilityConfig = z
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
    HEALTH_PORT: port.default(0),
    LOG_LEVEL: logLevel.default('info'),

    /** How far ahead Redis knows what is due. All else is in Postgres alone. */
    HORIZON_MS: durationMs(1_000, 3_600_000).default(10_000),
    /**
     * How often the horizon is filled: how late that is noticed which becomes due sooner than it was looked for, as after
     * a restore, a loss of Redis, or a step of the clock. It costs two look-ups in an index.
     */
    SWEEP_MS: durationMs(10, 60_000).default(500),
    /** Alarms are this far apart, so there are few of them, however many dialogs are due: it makes them this much late. */
    ALARM_GRID_MS: durationMs(1, 10_000).default(50),
    /** How long the work of a killed worker stays locked, and how often that is looked at. */
    ALARM_LOCK_MS: durationMs(1_000, 600_000).default(5_000),
    ALARM_LOCK_CHECK_MS: durationMs(100, 600_000).default(2_500),

    /**
     * Dialogs whose commands are under way at a time, on all lanes together. A create in between waits for about as long
     * as they take. On a busy two-core machine: 32 gave 250 a second, 128 670, 512 990; creates took 0.2, 0.7 and 1.4 s.
     */
    DIALOGS_AT_ONCE_MAX: wholeNumber(1, 10_000).default(128),
    /** Events that all of them bring about. One dialog may have more; then it goes alone. A fifth of a kilobyte each. */
    EVENTS_AT_ONCE_MAX: wholeNumber(1, 1_000_000).default(20_000),
    /** Commands of one envelope: none may hold up its lane for long, if all that is due happens to be on one. */
    ENVELOPE_COMMANDS_MAX: wholeNumber(1, 256).default(32),
    /** How long a command may take until it is taken for lost, and sent again. It changes nothing the second time. */
    OUTCOME_WAIT_MS: durationMs(100, 600_000).default(30_000),
    /** How long a dialog is left alone whose command failed for what is in it: each attempt leaves a dead letter. */
    SET_ASIDE_MS: durationMs(1_000, 86_400_000).default(600_000),

    /** Longest statement. They are small; one that takes longer is stuck. */
    STATEMENT_TIMEOUT_MS: durationMs(100, 600_000).default(10_000),
    /** How long a stopping worker may take for the commands under way. */
    SHUTDOWN_TIMEOUT_MS: durationMs(0, 600_000).default(15_000),
  })
  .transform((env) => ({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    prefix: env.REDIS_PREFIX,
    natsUrl: env.NATS_URL,
    natsCreds: env.NATS_CREDS,
    laneCount: env.LANES,
    healthPort: env.HEALTH_PORT,
    logLevel: env.LOG_LEVEL,
    sweep: { horizonMs: env.HORIZON_MS, sweepMs: env.SWEEP_MS, gridMs: env.ALARM_GRID_MS },
    alarms: { prefix: env.REDIS_PREFIX, lockMs: env.ALARM_LOCK_MS, lockCheckMs: env.ALARM_LOCK_CHECK_MS },
    due: {
      dialogsAtOnceMax: env.DIALOGS_AT_ONCE_MAX,
      eventsAtOnceMax: env.EVENTS_AT_ONCE_MAX,
      outcomeWaitMs: env.OUTCOME_WAIT_MS,
      setAsideMs: env.SET_ASIDE_MS,
    },
    envelopeCommandsMax: env.ENVELOPE_COMMANDS_MAX,
    statementTimeoutMs: env.STATEMENT_TIMEOUT_MS,
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
  }));
