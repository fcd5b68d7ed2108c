import type { Command, CommandOf } from '@dialog/contracts/commands';
import type { CreateDialogBody } from '@dialog/contracts/create-dialog';
import fc from 'fast-check';
import {
  activityBody,
  addServiceOwnerLabel,
  applyVisibility,
  asAdmin,
  at,
  content,
  createActivity,
  createDialog,
  createTransmission,
  deleteDialog,
  freezeDialog,
  id,
  moveFormSavedActivity,
  patchDialog,
  purgeDialog,
  recordVisit,
  removeServiceOwnerLabel,
  restoreDialog,
  setSystemLabels,
  transmissionBody,
  updateDialog,
  updateTransmission,
} from './examples.ts';

/** Few ids and keys, so that commands meet each other. */
const transmissionId = fc.integer({ min: 20, max: 24 }).map(id);
const maybeTransmissionId = fc.option(transmissionId, { nil: null, freq: 2 });
const attachmentId = fc.integer({ min: 30, max: 32 }).map(id);
const activityId = fc.integer({ min: 40, max: 42 }).map(id);
const endUserLabels = ['Default' as const, 'Bin' as const, 'Archive' as const, 'MarkedAsUnopened' as const];
const key = fc.option(fc.constantFrom('key-1', 'key-2'), { nil: null });

const attachments = fc.oneof(fc.constant([]), fc.uniqueArray(attachmentId, { maxLength: 2 })).map((ids) =>
  ids.map((chosen) => ({
    ...{ id: chosen, displayName: null, name: null, expiresAt: null },
    urls: [{ id: null, url: 'https://example.com/1.pdf', mediaType: null, consumerType: 'Gui' as const }],
  })),
);
const transmissionMembers = {
  relatedTransmissionId: maybeTransmissionId,
  idempotentKey: key,
  type: fc.constantFrom('Information' as const, 'Submission' as const),
  attachments,
};
const transmission = fc.record({ id: maybeTransmissionId, ...transmissionMembers }).map(transmissionBody);
const bareTransmission = transmission.chain((body) => fc.constantFrom(body, { ...body, content: null }));

const update = fc
  .record({
    status: fc.constantFrom('NotApplicable' as const, 'Completed' as const, 'Draft' as const),
    progress: fc.option(fc.integer({ min: 0, max: 100 }), { nil: null }),
    isApiOnly: fc.constant(true),
    content: fc.constantFrom(content(), content('Ny')),
    searchTags: fc.subarray(['bygg', 'tomt']),
    attachments,
    // Two with the same id are no valid body; two without one are.
    transmissions: fc.uniqueArray(bareTransmission, { maxLength: 2, selector: (body) => body.id ?? body }),
    activities: fc.array(fc.constant(activityBody()), { maxLength: 1 }),
  })
  .map((body) => updateDialog(body));

const activity = fc.oneof(
  fc.constant(createActivity()),
  fc.option(activityId, { nil: null }).map((chosen) => createActivity({ id: chosen, type: 'FormSaved' })),
  transmissionId.map((opened) => createActivity({ type: 'TransmissionOpened', transmissionId: opened })),
);

/** A dialog to begin with: something for most commands to happen to. */
export function richDialog(overrides: Partial<CreateDialogBody> = {}): CommandOf<'CreateDialog'> {
  return createDialog({
    isApiOnly: true,
    transmissions: [
      transmissionBody({ id: id(20), idempotentKey: 'key-1' }),
      transmissionBody({ id: id(21), relatedTransmissionId: id(20), type: 'Submission' }),
      transmissionBody({ id: id(22), relatedTransmissionId: id(21), type: 'Submission', content: null }),
    ],
    activities: [activityBody({ id: id(40), type: 'FormSaved' })],
    ...overrides,
  });
}

/** With a chosen id: one that the gateway makes is no other dialog's. */
const created = fc.constantFrom(
  createDialog({ id: id(1) }),
  richDialog({ id: id(1) }),
  richDialog({ id: id(1), idempotentKey: 'case-1', systemLabel: 'Bin' }),
);

const moved = fc
  .tuple(activityId, fc.constantFrom(at('09:00'), at('11:30'), at('12:00')))
  .map(([chosen, time]) => moveFormSavedActivity(chosen, time));

const labelled = fc.oneof(
  fc.constantFrom(addServiceOwnerLabel('case'), addServiceOwnerLabel('other'), removeServiceOwnerLabel('case')),
  fc
    .record({ addLabels: fc.subarray(endUserLabels), removeLabels: fc.subarray(endUserLabels) })
    .map((labels) => setSystemLabels(labels)),
);

const visited = fc
  .tuple(fc.constantFrom('01817030080', '05826510058'), fc.constantFrom(at('11:00'), at('12:00')))
  .map(([person, contentUpdatedAt]) => {
    const actorId = `urn:altinn:person:identifier-no:${person}`;
    const seenBy = { actorType: 'PartyRepresentative' as const, actorId, actorName: 'Kari' };
    return recordVisit({ seenBy, contentUpdatedAt });
  });

/** Any command on the example dialog; many of them are rejected, as in life. */
const command: fc.Arbitrary<Command> = fc
  .oneof(
    { weight: 2, arbitrary: created },
    { weight: 4, arbitrary: update },
    { weight: 6, arbitrary: transmission.map((body) => createTransmission(body)) },
    {
      weight: 6,
      arbitrary: fc
        .tuple(transmissionId, fc.record(transmissionMembers))
        .map(([corrected, body]) => updateTransmission(corrected, body)),
    },
    { weight: 4, arbitrary: activity },
    { weight: 2, arbitrary: moved },
    { weight: 3, arbitrary: labelled },
    { weight: 3, arbitrary: visited },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        patchDialog([{ op: 'replace', path: '/status', value: 'Completed' }]),
        patchDialog([{ op: 'remove', path: '/searchTags/0' }]),
      ),
    },
    { weight: 2, arbitrary: fc.constantFrom(deleteDialog(), restoreDialog(), restoreDialog()) },
    { weight: 1, arbitrary: fc.constantFrom(purgeDialog(), freezeDialog(), applyVisibility()) },
  )
  .chain((any) =>
    fc
      .record({
        silent: any.kind === 'UpdateTransmission' ? fc.constant(true) : fc.boolean(),
        ifMatch: fc.oneof({ weight: 20, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constant(id(4)) }),
        rights: fc.constantFrom(any.rights, any.rights, asAdmin.rights),
      })
      .map((header) => ({ ...any, ...header })),
  );

/** What callers may send to one dialog, one command after the other. */
export const history = fc.array(command, { maxLength: 25, size: 'max' });
