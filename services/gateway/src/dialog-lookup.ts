import { instanceReferenceOf, parseInstanceReference, type ReferredTo } from '@dialog/access/instance-reference';
import type { LookedUpView } from '@dialog/contracts/dialog-lookup-view';
import type { Validated } from '@dialog/contracts/validate';
import type { Database } from '@dialog/database/open';
import * as dialogs from '@dialog/database/tables/dialogs';
import type { Dialog } from '@dialog/domain/dialog';
import { sql } from 'kysely';
import { type AcceptedLanguages, inAcceptedLanguage, localized } from './accepted-languages.ts';
import { read } from './database-reads.ts';
import type { ResourceDescription } from './describe-resource.ts';
import type { GatewayContext } from './gateway-app.ts';
import { queryValue } from './request-parameters.ts';

const forms =
  'urn:altinn:dialog-id:{uuid}, urn:altinn:instance-id:{partyId}/{uuid} or urn:altinn:correspondence-id:{uuid}';

export const instanceRefQuery = {
  name: 'instanceRef',
  in: 'query',
  required: true,
  description: forms,
  schema: { type: 'string' },
} as const;

/** Another system's reference, in lower case, and what it names. */
export type InstanceReference = { text: string; referredTo: ReferredTo };

/** Reads `instanceRef`. */
export function instanceRef(c: GatewayContext): Validated<InstanceReference> {
  const text = (queryValue(c, 'instanceRef') ?? '').trim().toLowerCase();
  const referredTo = parseInstanceReference(text);
  return referredTo === undefined
    ? { ok: false, errors: { InstanceRef: [`Must be ${forms}.`] } }
    : { ok: true, value: { text, referredTo } };
}

/** What is asked of a dialog that is looked up. */
export type LookedUpDialog = Pick<
  Dialog,
  'id' | 'org' | 'party' | 'serviceResource' | 'serviceOwnerLabels' | 'content' | 'deletedAt'
>;

/**
 * Finds the dialog that a reference names, or two of them where several have its label: which one is meant, nobody knows.
 *
 * @throws DatabaseUnavailable
 */
export async function findReferredTo(
  db: Database,
  { referredTo }: InstanceReference,
  { withDeleted }: { withDeleted: boolean },
): Promise<LookedUpDialog[]> {
  return read(() =>
    db
      .selectFrom('dialog')
      .select(['id', 'org', 'party', 'service_resource as serviceResource', 'content', 'deleted_at as deletedAt'])
      .select('service_owner_labels as serviceOwnerLabels')
      .where('id', '=', (dialog) =>
        // As an array, which is found without regard to the limit: for two rows of many, Postgres may read the table.
        referredTo.kind === 'dialog'
          ? dialog.val(referredTo.dialogId)
          : sql<string>`any(array(${dialogs.labelled(db, [referredTo.label])}))`,
      )
      .$if(!withDeleted, (query) => query.where('deleted_at', 'is', null))
      .limit(2)
      .execute(),
  );
}

/** By what a dialog is called in the answer: as the caller called it, but rather than by its id by what others know. */
export function shownReference({ text, referredTo }: InstanceReference, dialog: LookedUpDialog): string {
  return referredTo.kind === 'dialog' ? instanceReferenceOf(dialog) : text;
}

/** What everybody is told of a dialog that is looked up, but its title. */
export function lookedUpView(
  { id, party, org }: LookedUpDialog,
  reference: string,
  { resource, ownerNames, ...description }: ResourceDescription,
  languages: AcceptedLanguages,
): Omit<LookedUpView, 'title'> {
  return {
    dialogId: id,
    instanceRef: reference,
    party,
    serviceResource: {
      id: description.id,
      isDelegable: resource?.delegable ?? false,
      minimumAuthenticationLevel: description.minimumAuthenticationLevel,
      name: inAcceptedLanguage(localized(resource?.title, description.id), languages),
    },
    serviceOwner: {
      orgNumber: resource?.orgNumber ?? '',
      code: org,
      name: inAcceptedLanguage(localized(ownerNames, org), languages),
    },
  };
}
