import { platformSettings, platformVariables } from '@dialog/access/platform/platform';
import { redisUrl } from '@dialog/lanes/redis-url';
import { durationMs, logLevel, port, readConfig, url, wholeNumber } from '@dialog/telemetry/config';
import { z } from 'zod';

const hourMs = 3_600_000;

const settings = z
  .object({
    ...platformVariables,
    DATABASE_URL: url(['postgres', 'postgresql']),
    REDIS_URL: redisUrl,
    /** Begins every Redis key, so that several installations can share one Redis. */
    REDIS_PREFIX: z.string().min(1).default('dialog'),
    /** Where health and metrics are served. */
    HOST: z.string().default('127.0.0.1'),
    HEALTH_PORT: port.default(0),
    LOG_LEVEL: logLevel.default('info'),
    /** A policy uses one while its questions are answered, which takes milliseconds; the rounds use one or two. */
    DATABASE_CONNECTIONS: wholeNumber(2, 100).default(6),
    STATEMENT_TIMEOUT_MS: durationMs(100, 600_000).default(30_000),

    /** Policies that are read from the registry at a time, by all workers together. */
    POLICIES_AT_ONCE_MAX: wholeNumber(1, 50).default(15),
    /** Policies that are put on the queue in a second to be read again; 20 are 12,000 in ten minutes. */
    POLICIES_PER_SECOND_MAX: wholeNumber(1, 1_000).default(20),
    /** After this a policy is read again although nobody said that it changed: readers trust answers for half an hour. */
    POLICY_AGE_MS_MAX: durationMs(1_000, 24 * hourMs).default(600_000),
    /** After this a policy is asked for again that nobody could tell. */
    POLICY_RETRY_MS: durationMs(100, hourMs).default(30_000),
    /** How often the registry is asked which policies have changed. */
    REGISTRY_POLL_MS: durationMs(100, hourMs).default(30_000),
    /** How often is looked for questions whose job was lost. */
    QUESTION_SWEEP_MS: durationMs(100, hourMs).default(15_000),
    /** Rows of dialogs, or of transmissions, that are looked through together for questions that nobody has asked. */
    DIALOG_SWEEP_ROWS_MAX: wholeNumber(1, 100_000).default(1_000),
    /** Pause before the next rows, which take some 25 ms. At one second 86 million are looked through in a day. */
    DIALOG_SWEEP_PAUSE_MS: durationMs(1, hourMs).default(1_000),
    /** When all have been looked through, how long until it begins anew. */
    DIALOG_SWEEP_REST_MS: durationMs(100, 30 * 24 * hourMs).default(24 * hourMs),

    /** How long the job of a killed worker stays locked. */
    JOB_LOCK_MS: durationMs(1_000, 600_000).default(15_000),
    /** How often jobs are looked for whose lock ran out. */
    JOB_LOCK_CHECK_MS: durationMs(100, 600_000).default(5_000),
    /** How long a stopping worker may take for the policies in hand. They are somebody else's after that. */
    SHUTDOWN_TIMEOUT_MS: durationMs(0, 600_000).default(15_000),
  })
  .transform((env) => ({
    platform: platformSettings(env),
    databaseUrl: env.DATABASE_URL,
    databaseConnections: env.DATABASE_CONNECTIONS,
    statementTimeoutMs: env.STATEMENT_TIMEOUT_MS,
    redisUrl: env.REDIS_URL,
    redisPrefix: env.REDIS_PREFIX,
    health: { hostname: env.HOST, port: env.HEALTH_PORT },
    logLevel: env.LOG_LEVEL,
    queue: { jobsAtOnceMax: env.POLICIES_AT_ONCE_MAX, lockMs: env.JOB_LOCK_MS, lockCheckMs: env.JOB_LOCK_CHECK_MS },
    ages: { ageMsMax: env.POLICY_AGE_MS_MAX, retryMs: env.POLICY_RETRY_MS },
    rounds: {
      policiesPerSecondMax: env.POLICIES_PER_SECOND_MAX,
      registryPollMs: env.REGISTRY_POLL_MS,
      questionSweepMs: env.QUESTION_SWEEP_MS,
      dialogSweep: {
        rowsMax: env.DIALOG_SWEEP_ROWS_MAX,
        pauseMs: env.DIALOG_SWEEP_PAUSE_MS,
        restMs: env.DIALOG_SWEEP_REST_MS,
      },
    },
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
  }));

export type Config = z.output<typeof settings>;

export function authorizationConfig(env: NodeJS.ProcessEnv): Config {
  return readConfig(settings, env);
}
