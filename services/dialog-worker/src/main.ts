/**
 * dialog-worker takes envelopes off the lanes, applies their commands, and replies.
 *
 * Composition root: the only file of this service that reads the environment, opens connections, takes the real clock,
 * and listens to signals. Read it top to bottom.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Envelope } from '@dialog/contracts/commands';
import { openDatabase } from '@dialog/database/open';
import { outboxSignal } from '@dialog/events/outbox-signal';
import { agreeOnLaneCount } from '@dialog/lanes/lane-count';
import { createWorkMetrics } from '@dialog/lanes/metrics';
import { openNats } from '@dialog/lanes/open-nats';
import { openRedis } from '@dialog/lanes/open-redis';
import { createPolicyQueueMetrics, openPolicyQueue } from '@dialog/lanes/policy-queue';
import { defaultWorkSettings, workLane } from '@dialog/lanes/work';
import { serveHealth } from '@dialog/telemetry/health';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { applyEnvelope } from './apply-envelope.ts';
import { createClock } from './clock.ts';
import { workerConfig } from './config.ts';
import { keepUnreadable } from './keep-unreadable.ts';
import { createApplyMetrics, createRetentionMetrics } from './metrics.ts';
import { keepPrepared } from './prepare-database.ts';
import { createKnownQuestions } from './raised-questions.ts';
import { startRetention } from './retention.ts';

const config = workerConfig(process.env);
const { laneCount, redisPrefix: prefix } = config;
const log = createLogger('dialog-worker', config.logLevel);
const registry = createMetrics('dialog-worker');
const stopping = new AbortController();

const db = openDatabase(config.databaseUrl, {
  applicationName: 'dialog-worker',
  connectionsMax: config.databaseConnections,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: config.statementTimeoutMs,
  byKey: true,
});
const owner =
  config.ownerDatabaseUrl === undefined
    ? undefined
    : openDatabase(config.ownerDatabaseUrl, {
        applicationName: 'dialog-worker-retention',
        connectionsMax: 1,
        connectTimeoutMs: 5_000,
        statementTimeoutMs: config.retention.statementTimeoutMs,
      });
const redis = openRedis({ url: config.redisUrl, name: 'dialog-worker', whenAway: 'wait', log });
const nats = openNats({
  servers: config.natsUrl,
  name: 'dialog-worker',
  log,
  ...(config.natsCreds !== undefined && { credsFile: config.natsCreds }),
});
const health = await serveHealth(
  {
    registry,
    log,
    checks: [
      { name: 'database', critical: true, timeoutMs: 5_000, check: async () => void (await sql`select 1`.execute(db)) },
      { name: 'redis', critical: true, timeoutMs: 5_000, check: () => redis.healthCheck() },
      { name: 'nats', critical: false, timeoutMs: 1_000, check: async () => void (await nats.whenConnected()) },
    ],
  },
  { port: config.healthPort, hostname: '127.0.0.1' },
);

await agreeOnLaneCount({ redis, prefix, laneCount });
await keepPrepared({ db, log }, config, stopping.signal);
const retention = startRetention({ db, owner, log, metrics: createRetentionMetrics(registry) }, config.retention);

const now = createClock();
const applyMetrics = createApplyMetrics(registry);
const laneMetrics = createWorkMetrics(registry);
const policyQueue = openPolicyQueue({ redis, prefix, log, metrics: createPolicyQueueMetrics(registry) });
const knownQuestions = createKnownQuestions(config.knownQuestionsMax);
const deps = { db, log, now, newId: uuidv7, newRevision: randomUUID, knownQuestions };

async function apply(envelope: Envelope) {
  const stopTimer = applyMetrics.duration.startTimer();
  const { operations, outboxGrew, newQuestions } = await applyEnvelope(deps, envelope);
  stopTimer();
  for (const { kind, status } of operations) applyMetrics.commands.inc({ kind, status });
  // Only a hint that saves the relay its pause; the outbox itself is what counts.
  if (outboxGrew) nats.publish(outboxSignal(envelope.lane), '');
  policyQueue.ask(newQuestions.map(({ serviceResource }) => serviceResource));
  return operations;
}

// Every worker serves every lane: the lane itself lets one envelope through at a time, whoever asks.
const lanes = await Promise.all(
  Array.from({ length: laneCount }, (_, lane) =>
    workLane(
      {
        redis,
        nats,
        log,
        metrics: laneMetrics,
        onUnreadable: keepUnreadable({ db, now, newId: uuidv7 }, lane),
        settings: {
          ...defaultWorkSettings,
          ...{ laneCount, prefix, lockMs: config.laneLockMs, lockCheckMs: config.laneLockCheckMs },
        },
      },
      lane,
      apply,
    ),
  ),
);
log.info({ laneCount, healthPort: health.port }, 'dialog-worker started');

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
log.info('dialog-worker stopping');
stopping.abort();

// Past the deadline we give up waiting, not the commands: an envelope in hand goes to the next worker.
setTimeout(() => process.exit(1), config.shutdownTimeoutMs).unref();
await Promise.all(lanes.map((lane) => lane.close()));
await Promise.all([policyQueue.close(), retention.stop()]);
await redis.close();
await Promise.all([nats.close(), db.destroy(), owner?.destroy(), health.close()]);
log.info('dialog-worker stopped');
