/**
 * gateway is the HTTP side of the service: it authenticates, validates, puts commands on the lanes, and reads Postgres.
 *
 * Composition root: the only file of this service that reads the environment, opens connections, takes the real clock,
 * and listens to signals. Read it top to bottom.
 */
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { once } from 'node:events';
import { createDialogTokens } from '@dialog/access/dialog-token';
import { openDialogTokenKeys } from '@dialog/access/dialog-token-key-file';
import { openPlatform } from '@dialog/access/platform/platform';
import { createTokenVerifier } from '@dialog/access/tokens';
import { timestampOf } from '@dialog/contracts/timestamp';
import { openDatabase } from '@dialog/database/open';
import * as operations from '@dialog/database/tables/operations';
import { LaneCountMismatch } from '@dialog/lanes/faults';
import { createSubmitMetrics } from '@dialog/lanes/metrics';
import { openNats } from '@dialog/lanes/open-nats';
import { openRedis } from '@dialog/lanes/open-redis';
import { openLanes } from '@dialog/lanes/submit';
import { ConfigurationError } from '@dialog/telemetry/config';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import { createApp } from './app.ts';
import { levelsOf } from './authentication-levels.ts';
import { readGatewayConfig } from './config.ts';
import { read } from './database-reads.ts';
import { decisionsOf } from './decisions.ts';
import { openDialogNotices } from './dialog-notices.ts';
import { createEventSubscriptions } from './event-subscriptions.ts';
import { deepChecks, gatewayChecks } from './health-checks.ts';
import { listAuthorizationsOf } from './list-authorizations.ts';
import { listen } from './listen.ts';
import { maintenanceBy } from './maintenance.ts';

const config = readGatewayConfig(process.env);
const log = createLogger('gateway', config.logLevel);
const registry = createMetrics('gateway');

// None of these needs its server to be there at the start, and each finds it again when it was away.
const db = openDatabase(config.databaseUrl, config.database);
const redis = openRedis({ url: config.redisUrl, name: 'gateway', whenAway: 'fail', log });
const nats = openNats({
  servers: config.natsUrl,
  name: 'gateway',
  log,
  ...(config.natsCredsFile !== undefined && { credsFile: config.natsCredsFile }),
});
const lanes = await openLanes(
  {
    redis,
    nats,
    findEnded: (ids) => read(() => operations.find(db, ids)),
    metrics: createSubmitMetrics(registry),
    log,
  },
  { ...config.lanes, gatewayId: randomUUID() },
).catch((err: unknown) => {
  if (!(err instanceof LaneCountMismatch)) throw err;
  process.stderr.write(`LANES: ${err.message}\n`);
  process.exit(1);
});
if (config.platform.client === undefined) {
  log.warn(
    'without MASKINPORTEN_CLIENT_ID the platform is asked without a token, and will not say what persons may do',
  );
}
const platform = openPlatform(config.platform, { log });
const { recheckMs } = config.dialogTokens;
const keys = await openDialogTokenKeys(config.dialogTokens.keys, { log, recheckMs }).catch((err: unknown) => {
  if (!(err instanceof ConfigurationError)) throw err;
  process.stderr.write(`${err.message}\n`);
  process.exit(1);
});

const closing = new AbortController();
const app = createApp({
  ...{ db, lanes, log, registry },
  tokens: createTokenVerifier(config.tokenIssuers, { log }),
  ...platform,
  lists: listAuthorizationsOf(platform, db, config.lists),
  subscriptions: createEventSubscriptions(nats),
  authenticationLevels: levelsOf(platform.authenticationLevels, db, config.policySettings),
  decisions: decisionsOf(platform, { db, registry, log, policySettings: config.policySettings }),
  dialogTokens: createDialogTokens({
    issuer: config.dialogTokens.issuer,
    keys,
    now: () => new Date(),
    newId: randomUUID,
  }),
  notices: openDialogNotices({ nats, log }),
  corsOrigins: config.corsOrigins,
  limits: config.limits,
  policySettings: config.policySettings,
  now: () => timestampOf(Date.now()),
  newId: () => randomUUIDv7(),
  closing: closing.signal,
  actorSalt: config.actorSalt,
  maintenance: maintenanceBy(config.maintenance.file, { log, recheckMs: config.maintenance.recheckMs }),
  publicUrl: config.publicUrl,
  checks: gatewayChecks({ db, lanes, nats }),
  deepChecks: deepChecks({ probes: platform.probes, tokenIssuers: config.tokenIssuers }),
});
const server = await listen(app.fetch, config.http);
log.info({ port: server.port, lanes: config.lanes.laneCount }, 'gateway started');

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
log.info('gateway stopping');

// Past the deadline we give up waiting. What was accepted is on its lane, and a worker will apply it.
setTimeout(() => {
  log.error('gateway stopped before all requests were answered');
  process.exit(1);
}, config.shutdownTimeoutMs).unref();
closing.abort();
await server.close();
await lanes.close();
await nats.close();
await redis.close();
await db.destroy();
log.info('gateway stopped');
