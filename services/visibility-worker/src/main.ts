/**
 * visibility-worker sees to what must happen when a dialog becomes visible or expires: it puts a command on its lane.
 * Whether a dialog can be seen is not its affair; everybody who reads one compares the dates.
 *
 * Composition root: the only file of this service that reads the environment, opens connections, takes the real clock,
 * and listens to signals. Read it top to bottom.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { timestampOf } from '@dialog/contracts/timestamp';
import { openDatabase } from '@dialog/database/open';
import * as operations from '@dialog/database/tables/operations';
import { LaneCountMismatch } from '@dialog/lanes/faults';
import { createSubmitMetrics } from '@dialog/lanes/metrics';
import { openNats } from '@dialog/lanes/open-nats';
import { openRedis } from '@dialog/lanes/open-redis';
import { defaultLanesSettings, openLanes } from '@dialog/lanes/submit';
import { readConfig } from '@dialog/telemetry/config';
import { serveHealth } from '@dialog/telemetry/health';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { openAlarms } from './alarms.ts';
import { createApplyDue } from './apply-due.ts';
import { visibilityConfig } from './config.ts';
import { createVisibilityMetrics, registerOverdue } from './metrics.ts';
import { startSweeping } from './sweep.ts';

const config = readConfig(visibilityConfig, process.env);
const { laneCount, prefix, redisUrl: url } = config;
const name = 'visibility-worker';
const log = createLogger(name, config.logLevel);
const registry = createMetrics(name);
const now = () => timestampOf(Date.now());

// None of these needs its server to be there at the start, and each finds it again when it was away.
const db = openDatabase(config.databaseUrl, {
  applicationName: name,
  // Pages of what is due, sweeps, and outcomes that no reply brought.
  connectionsMax: 3,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: config.statementTimeoutMs,
});
registerOverdue(registry, db);
const redisOfLanes = openRedis({ url, name, whenAway: 'fail', log });
const redisOfAlarms = openRedis({ url, name, whenAway: 'wait', log });
const nats = openNats({
  ...{ servers: config.natsUrl, name, log },
  ...(config.natsCreds !== undefined && { credsFile: config.natsCreds }),
});

const lanes = await openLanes(
  {
    ...{ redis: redisOfLanes, nats, log },
    findEnded: (ids) => operations.find(db, ids),
    metrics: createSubmitMetrics(registry),
  },
  {
    ...{ ...defaultLanesSettings, laneCount, prefix, gatewayId: `visibility-${randomUUID()}` },
    envelopeCommandsMax: config.envelopeCommandsMax,
  },
).catch((err: unknown) => {
  if (!(err instanceof LaneCountMismatch)) throw err;
  process.stderr.write(`LANES: ${err.message}\n`);
  process.exit(1);
});
const metrics = createVisibilityMetrics(registry);
const onAlarm = createApplyDue({ db, lanes, now, newId: uuidv7, metrics, log }, config.due);
const alarms = openAlarms({ redis: redisOfAlarms, now, log, onAlarm }, config.alarms);
const sweeping = startSweeping({ db, alarms, now, log }, config.sweep);

const health = await serveHealth(
  {
    registry,
    log,
    checks: [
      { name: 'database', critical: true, timeoutMs: 5_000, check: async () => void (await sql`select 1`.execute(db)) },
      { name: 'redis', critical: true, timeoutMs: 5_000, check: () => lanes.healthCheck() },
      { name: 'sweep', critical: true, timeoutMs: 1_000, check: () => sweeping.check() },
      { name: 'nats', critical: false, timeoutMs: 1_000, check: () => nats.healthCheck() },
    ],
  },
  { port: config.healthPort, hostname: '127.0.0.1' },
);
log.info({ laneCount, healthPort: health.port }, 'visibility-worker started');

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
log.info('visibility-worker stopping');

// Past the deadline we give up waiting, not the commands: they are on their lanes, and what is due stays due.
setTimeout(() => process.exit(1), config.shutdownTimeoutMs).unref();
// A sweep may wait for Redis to come back.
redisOfAlarms.giveUpAway();
await sweeping.stop();
await alarms.close();
await lanes.close();
await Promise.all([redisOfLanes.close(), redisOfAlarms.close()]);
await Promise.all([nats.close(), db.destroy(), health.close()]);
log.info('visibility-worker stopped');
