/**
 * The baseline of bulk ingestion: Postgres alone. The rows that a request of the other baseline leaves, as durable and by
 * the same table modules, but many dialogs in each transaction, and no HTTP, validation, decision or queue before it.
 *
 * Started by the bench with DATABASE_URL and one argument, how many seconds to go on. Prints dialogs a second, as JSON.
 */
import { randomUUID } from 'node:crypto';
import { timestampOf } from '@dialog/contracts/timestamp';
import { validateCreateDialog } from '@dialog/contracts/validate';
import { openDatabase } from '@dialog/database/open';
import * as activities from '@dialog/database/tables/activities';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as transmissions from '@dialog/database/tables/transmissions';
import { inTransaction } from '@dialog/database/transaction';
import { decide } from '@dialog/domain/decide';
import { emptyState } from '@dialog/domain/dialog-state';
import type { Change } from '@dialog/domain/outcome';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { taxReturn } from '../tax-return.ts';
import { outboxChange } from './outbox-change.ts';

const connections = 4;
const dialogsPerTransaction = 50;

const seconds = Number(process.argv[2] ?? 4);
const db = openDatabase(process.env.DATABASE_URL ?? '', {
  ...{ applicationName: 'baseline', connectionsMax: connections },
  ...{ connectTimeoutMs: 5_000, statementTimeoutMs: 60_000, byKey: true },
});

/** Decided once: all that differs between dialogs of the bench is their ids. */
const example = decideExample();

function decideExample(): Change {
  const now = timestampOf(Date.now());
  const rights = { admin: false, legacyHtml: false, correspondence: false, changeTransmissions: false };
  const validated = validateCreateDialog(taxReturn(), { now, rights });
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  const outcome = decide(
    emptyState(),
    {
      ...{ kind: 'CreateDialog', id: uuidv7(), dialogId: uuidv7(), org: 'skd', rights },
      ...{ facts: { notOwned: [], actorNames: {} }, ifMatch: null, silent: false, receivedAt: now, traceparent: null },
      ...{ resource: { org: 'skd', type: 'genericaccessresource' }, payload: validated.value },
    },
    { now, newId: uuidv7, newRevision: randomUUID },
  );
  const [change] = outcome.kind === 'applied' ? outcome.changes : [];
  if (change === undefined) throw new Error(JSON.stringify(outcome));
  return change;
}

function another(): Change {
  const id = uuidv7();
  const child = { dialogId: id };
  return {
    ...example,
    dialog: { ...example.dialog, id, revision: randomUUID() },
    transmissions: example.transmissions.map((one) => ({ ...one, ...child, id: uuidv7() })),
    activities: example.activities.map((one) => ({ ...one, ...child, id: uuidv7() })),
  };
}

async function insertMany(): Promise<void> {
  const changes = Array.from({ length: dialogsPerTransaction }, another);
  const now = timestampOf(Date.now());
  const outbox = changes.map((change) => sql`(${now}, ${outboxChange({ traceparent: null }, change, now)})`);
  await inTransaction(db, (trx) =>
    Promise.all([
      dialogs.insert(
        trx,
        changes.map(({ dialog }) => dialog),
      ),
      transmissions.insert(
        trx,
        changes.flatMap((change) => change.transmissions),
      ),
      activities.insert(
        trx,
        changes.flatMap((change) => change.activities),
      ),
      sql`insert into baseline_outbox (occurred_at, change) values ${sql.join(outbox)}`.execute(trx),
    ]),
  );
}

const startedAt = performance.now();
const elapsed = () => (performance.now() - startedAt) / 1_000;
let inserted = 0;
await Promise.all(
  Array.from({ length: connections }, async () => {
    while (elapsed() < seconds) {
      await insertMany();
      inserted += dialogsPerTransaction;
    }
  }),
);
process.stdout.write(JSON.stringify({ perSecond: inserted / elapsed() }));
await db.destroy();
