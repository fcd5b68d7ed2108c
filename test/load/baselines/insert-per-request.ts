/**
 * The baseline that the queue has to beat: the same gateway (token, ownership, validation, decision, answer), which
 * writes to Postgres itself, a transaction per request, as most services do.
 *
 * It is meant to be as fast as such a gateway can be: the same rows but for the operation, which only a queue needs;
 * the same table modules; statements of a transaction sent together; an outbox numbered by a sequence, so that no
 * request waits for another. The pool's size is the best of those that were tried (see bench.ts).
 *
 * Started by the bench with the gateway's environment, and BASELINE_CONNECTIONS.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createDialogTokens } from '@dialog/access/dialog-token';
import { openDialogTokenKeys } from '@dialog/access/dialog-token-key-file';
import { openPlatform } from '@dialog/access/platform/platform';
import { createTokenVerifier } from '@dialog/access/tokens';
import type { Command } from '@dialog/contracts/commands';
import type { Operation } from '@dialog/contracts/operation';
import { toProblem } from '@dialog/contracts/problem';
import { timestampOf } from '@dialog/contracts/timestamp';
import { type Database, openDatabase } from '@dialog/database/open';
import * as activities from '@dialog/database/tables/activities';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as transmissions from '@dialog/database/tables/transmissions';
import { inTransaction } from '@dialog/database/transaction';
import { decide } from '@dialog/domain/decide';
import { emptyState } from '@dialog/domain/dialog-state';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { createApp } from '../../../services/gateway/src/app.ts';
import { readGatewayConfig } from '../../../services/gateway/src/config.ts';
import { decisionsOf } from '../../../services/gateway/src/decisions.ts';
import { listAuthorizationsOf } from '../../../services/gateway/src/list-authorizations.ts';
import { listen } from '../../../services/gateway/src/listen.ts';
import { outboxChange } from './outbox-change.ts';

const config = readGatewayConfig(process.env);
const log = createLogger('baseline', config.logLevel);
const connectionsMax = Number(process.env.BASELINE_CONNECTIONS ?? 16);
const db = openDatabase(config.databaseUrl, {
  ...config.database,
  applicationName: 'baseline',
  connectionsMax,
  byKey: true,
});
const platform = openPlatform(config.platform, { log });

/**
 * What the bench compares: creates of dialogs, and of transmissions and activities that name no others. A dialog that
 * gets one is read with its row locked, as another request may add to it at the same time.
 */
async function apply(trx: Database, command: Command): Promise<Operation> {
  const now = timestampOf(Date.now());
  const { id, dialogId, kind, receivedAt } = command;
  const common = { id, dialogId, kind, receivedAt, endedAt: now };
  const state = emptyState();
  if (kind !== 'CreateDialog') {
    // Sent together; the second statement sees what the one who held the lock has committed.
    const locked = sql`select from dialog where id = ${dialogId} for update`.execute(trx);
    [, state.dialogs] = await Promise.all([locked, dialogs.find(trx, [dialogId])]);
  }
  const outcome = decide(state, command, { now, newId: uuidv7, newRevision: randomUUID });
  if (outcome.kind === 'rejected') return { ...common, status: 'Rejected', problem: toProblem(outcome.rejection) };
  const [change] = outcome.changes;
  if (change === undefined) return { ...common, status: 'Applied', revision: outcome.revision };
  const { dialog } = change;
  await Promise.all([
    kind === 'CreateDialog'
      ? dialogs.insert(trx, [dialog])
      : dialogs.update(trx, [{ dialog, documentsChanged: false }]),
    transmissions.insert(trx, change.transmissions),
    activities.insert(trx, change.activities),
    sql`insert into baseline_outbox (occurred_at, change) values (${now}, ${outboxChange(command, change, now)})`.execute(
      trx,
    ),
  ]);
  return { ...common, status: 'Applied', revision: outcome.revision };
}

const closing = new AbortController();
const registry = createMetrics('baseline');
const app = createApp({
  ...{ db, log, registry },
  lanes: {
    submit: (command) => inTransaction(db, (trx) => apply(trx, command)),
    wait: async () => undefined,
  },
  tokens: createTokenVerifier(config.tokenIssuers, { log }),
  ...platform,
  lists: listAuthorizationsOf(platform, db),
  subscriptions: {
    open: async () => ({ kind: 'too-many-consumers', consumersMax: 0 }),
    remove: async () => false,
  },
  decisions: decisionsOf(platform, { db, registry, log, policySettings: config.policySettings }),
  dialogTokens: createDialogTokens({
    issuer: config.dialogTokens.issuer,
    keys: await openDialogTokenKeys(config.dialogTokens.keys, { log, recheckMs: config.dialogTokens.recheckMs }),
    now: () => new Date(),
    newId: randomUUID,
  }),
  actorSalt: Buffer.alloc(16),
  maintenance: async () => undefined,
  notices: { watch: async () => undefined },
  corsOrigins: '*',
  limits: config.limits,
  policySettings: config.policySettings,
  now: () => timestampOf(Date.now()),
  newId: () => uuidv7(),
  closing: closing.signal,
  publicUrl: config.publicUrl,
  checks: [
    { name: 'database', critical: true, timeoutMs: 5_000, check: async () => void (await sql`select 1`.execute(db)) },
  ],
});
const server = await listen(app.fetch, config.http);
process.stdout.write(`listening on ${server.port}\n`);
await once(process, 'SIGTERM');
closing.abort();
await server.close();
await db.destroy();
