/**
 * event-relay moves events from the outbox to NATS JetStream, each lane in order.
 *
 * Composition root: the only file of this service that reads the environment, opens resources and listens to signals.
 * Read it top to bottom.
 */
import { once } from 'node:events';
import { openDatabase } from '@dialog/database/open';
import { readConfig } from '@dialog/telemetry/config';
import { serveHealth } from '@dialog/telemetry/health';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import { sql } from 'kysely';
import { relayConfig } from './config.ts';
import { createRelayMetrics, registerLag } from './metrics.ts';
import { startRelay } from './relay.ts';
import { reader } from './relay-batch.ts';

const config = readConfig(relayConfig, process.env);
const log = createLogger('event-relay', config.logLevel);
const registry = createMetrics('event-relay');

const db = openDatabase(config.databaseUrl, {
  applicationName: 'event-relay',
  // One for each lane at work; the others for the poll and the lag.
  connectionsMax: config.lanesAtOnceMax + 2,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: config.statementTimeoutMs,
});
registerLag(registry, { db, reader });

const relay = startRelay({ db, log, metrics: createRelayMetrics(registry) }, config);
const health = await serveHealth(
  {
    registry,
    log,
    checks: [
      { name: 'database', critical: true, timeoutMs: 5_000, check: async () => void (await sql`select 1`.execute(db)) },
      { name: 'relay', critical: true, timeoutMs: 1_000, check: () => relay.check() },
    ],
  },
  config.health,
);
log.info({ healthPort: health.port }, 'event-relay started');

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
log.info('event-relay stopping');

// Past the deadline we give up waiting, not the events: the next relay begins where the cursors are.
setTimeout(() => process.exit(1), config.shutdownTimeoutMs).unref();
await relay.stop();
await Promise.all([db.destroy(), health.close()]);
log.info('event-relay stopped');
