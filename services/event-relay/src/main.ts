/**
 * event-relay moves events from the outbox to NATS JetStream, each lane in order, and lets subscribers in there. Where
 * that is switched on it moves them to Altinn Events too.
 *
 * Composition root: the only file of this service that reads the environment, opens resources and listens to signals.
 * Read it top to bottom.
 */
import { once } from 'node:events';
import { timestampOf } from '@dialog/contracts/timestamp';
import { openDatabase } from '@dialog/database/open';
import { openNats } from '@dialog/lanes/open-nats';
import { readConfig } from '@dialog/telemetry/config';
import { serveHealth } from '@dialog/telemetry/health';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import { sql } from 'kysely';
import { relayConfig } from './config.ts';
import { reader } from './deliver.ts';
import { createRelayMetrics, registerBacklog, registerPassages } from './metrics.ts';
import { openForwarder } from './open-forwarder.ts';
import { startRelay } from './relay.ts';
import { serveSubscriptions } from './subscriptions.ts';

const config = readConfig(relayConfig, process.env);
const log = createLogger('event-relay', config.logLevel);
const registry = createMetrics('event-relay');

const db = openDatabase(config.databaseUrl, {
  applicationName: 'event-relay',
  // One for each lane at work, and for each turn ahead; the others for the poll and the lag.
  connectionsMax: 2 * config.lanesAtOnceMax + 2,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: config.statementTimeoutMs,
  byKey: true,
});
registerBacklog(registry, 'dialog_relay', { db, reader });
registerPassages(registry, 'dialog_relay', { db, reader });

const relay = startRelay({ db, log, metrics: createRelayMetrics(registry) }, config);
const forwarder = config.forwarder && openForwarder(config.databaseUrl, config.forwarder, { log, registry });
// A connection of its own: subscribers get in while Postgres is away and nothing is relayed.
const nats = openNats({
  servers: config.nats.servers,
  name: 'event-relay',
  log,
  ...(config.nats.credsFile !== undefined && { credsFile: config.nats.credsFile }),
});
const subscriptions =
  config.subscriptions && serveSubscriptions({ nats, log, now: () => timestampOf(Date.now()) }, config.subscriptions);
const health = await serveHealth(
  {
    registry,
    log,
    checks: [
      { name: 'database', critical: true, timeoutMs: 5_000, check: async () => void (await sql`select 1`.execute(db)) },
      { name: 'relay', critical: true, timeoutMs: 1_000, check: () => relay.check() },
      ...(forwarder === undefined
        ? []
        : [{ name: 'altinn-events', critical: false, timeoutMs: 1_000, check: () => forwarder.check() }]),
    ],
  },
  config.health,
);
log.info({ healthPort: health.port, forwards: forwarder !== undefined }, 'event-relay started');

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
log.info('event-relay stopping');

// Past the deadline we give up waiting, not the events: the next relay begins where the cursors are.
setTimeout(() => process.exit(1), config.shutdownTimeoutMs).unref();
subscriptions?.stop();
await Promise.all([relay.stop(), forwarder?.close()]);
await Promise.all([nats.close(), db.destroy(), health.close()]);
log.info('event-relay stopped');
