/**
 * authorization-worker answers beforehand what dialogs ask of their services' policies, and keeps the answers true.
 *
 * Composition root: the only file of this service that reads the environment, opens connections and listens to signals.
 * Read it top to bottom.
 */
import { once } from 'node:events';
import { openPlatform } from '@dialog/access/platform/platform';
import { openDatabase } from '@dialog/database/open';
import { openRedis } from '@dialog/lanes/open-redis';
import { createPolicyQueueMetrics, openPolicyQueue, workPolicyQueue } from '@dialog/lanes/policy-queue';
import { serveHealth } from '@dialog/telemetry/health';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import { sql } from 'kysely';
import { answerQuestions } from './answer-questions.ts';
import { authorizationConfig } from './config.ts';
import { createAuthorizationMetrics, registerBacklog } from './metrics.ts';
import { startRound } from './round.ts';
import { neglectedRound, refreshRound, registryRound, sweepRounds } from './rounds.ts';

const config = authorizationConfig(process.env);
const { ages, rounds: every, redisPrefix: prefix } = config;
const log = createLogger('authorization-worker', config.logLevel);
const registry = createMetrics('authorization-worker');

const db = openDatabase(config.databaseUrl, {
  applicationName: 'authorization-worker',
  connectionsMax: config.databaseConnections,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: config.statementTimeoutMs,
});
const redis = openRedis({ url: config.redisUrl, name: 'authorization-worker', whenAway: 'wait', log });
const { policies, updatedPairs } = openPlatform(config.platform, { log });
const metrics = createAuthorizationMetrics(registry);
registerBacklog(registry, { db, ageMsMax: 2 * ages.ageMsMax });

const health = await serveHealth(
  {
    registry,
    log,
    checks: [
      { name: 'database', critical: true, timeoutMs: 5_000, check: async () => void (await sql`select 1`.execute(db)) },
      { name: 'redis', critical: true, timeoutMs: 5_000, check: () => redis.healthCheck() },
    ],
  },
  config.health,
);

const queue = openPolicyQueue({ redis, prefix, log, metrics: createPolicyQueueMetrics(registry) });
const work = await workPolicyQueue({ redis, log }, { prefix, closeTimeoutMs: 2_000, ...config.queue }, answer);
const rounds = [
  refreshRound({ db, queue }, ages, every.policiesPerSecondMax),
  neglectedRound({ db, queue }, ages, every.questionSweepMs),
  registryRound({ db, queue, updatedPairs, log }, every.registryPollMs),
  ...sweepRounds({ db, queue, metrics }, every.dialogSweep),
].map((round) => startRound({ db, log, metrics }, round));
log.info({ healthPort: health.port }, 'authorization-worker started');

async function answer(serviceResource: string): Promise<void> {
  const stopTimer = metrics.jobs.startTimer();
  try {
    await answerQuestions({ db, policies, metrics, log, ages }, serviceResource);
    stopTimer({ outcome: 'done' });
  } catch (err) {
    stopTimer({ outcome: 'failed' });
    log.warn({ err, serviceResource }, 'questions not answered');
    throw err;
  }
}

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
log.info('authorization-worker stopping');

// Past the deadline we give up waiting, not the questions: what is unanswered is found by the next worker.
setTimeout(() => process.exit(1), config.shutdownTimeoutMs).unref();
await Promise.all([...rounds.map((round) => round.stop()), work.close()]);
await queue.close();
await redis.close();
await Promise.all([db.destroy(), health.close()]);
log.info('authorization-worker stopped');
