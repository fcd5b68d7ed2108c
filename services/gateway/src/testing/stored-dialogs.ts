import type { CreateDialogBody } from '@dialog/contracts/create-dialog';
import type { Database } from '@dialog/database/open';
import * as activities from '@dialog/database/tables/activities';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as partyResources from '@dialog/database/tables/party-resources';
import * as transmissions from '@dialog/database/tables/transmissions';
import { createDialog } from '@dialog/domain/create-dialog';
import type { Dialog } from '@dialog/domain/dialog';
import { emptyState } from '@dialog/domain/dialog-state';
import { contextAt, createDialog as createCommand, id } from '@dialog/domain/testing/examples';

let ids = 100_000;
function nextId(): string {
  return id(ids++);
}

/** How a stored dialog differs from the one that its body makes. */
export type StoredDialog = { body?: Partial<CreateDialogBody>; changed?: Partial<Dialog> };

/**
 * Puts dialogs into a database by the tables alone, for tests that only read: with one statement per table, however many
 * there are, and in states that would take days to come about.
 *
 * @returns their ids, ascending
 */
export async function storeDialogs(db: Database, stored: readonly StoredDialog[]): Promise<string[]> {
  const changes = stored.map(({ body = {}, changed }) => {
    const context = { ...contextAt(), newId: nextId };
    const outcome = createDialog(emptyState(), createCommand(body, { dialogId: nextId() }), context);
    if (outcome.kind !== 'applied' || outcome.changes[0] === undefined) throw new Error(JSON.stringify(outcome));
    const [change] = outcome.changes;
    return { ...change, dialog: { ...change.dialog, ...changed } };
  });
  await partyResources.insert(
    db,
    changes.map(({ dialog }) => dialog),
  );
  await dialogs.insert(
    db,
    changes.map(({ dialog }) => dialog),
  );
  await transmissions.insert(
    db,
    changes.flatMap((change) => change.transmissions),
  );
  await activities.insert(
    db,
    changes.flatMap((change) => change.activities),
  );
  return changes.map(({ dialog }) => dialog.id);
}
