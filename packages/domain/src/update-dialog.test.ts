import { describe, expect, it } from 'vitest';
import {
  activityBody,
  asAdmin,
  at,
  content,
  contextAt,
  createDialog,
  createTransmission,
  id,
  patchDialog,
  transmissionBody,
  updateDialog,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const later = contextAt(at('13:00'));
const url = {
  id: null,
  url: 'https://ttd.example/tegning.pdf',
  mediaType: 'application/pdf',
  consumerType: 'Gui' as const,
};
const attachment = { id: null, displayName: null, name: 'tegning.pdf', urls: [url], expiresAt: null };

describe('UpdateDialog', () => {
  it('replaces what may change and leaves the rest', () => {
    const { dialog } = given(createDialog({ externalReference: 'old' }))
      .when(updateDialog({ status: 'Completed', progress: 100 }), later)
      .thenChanged();
    expect(dialog).toMatchObject({ status: 'Completed', progress: 100, externalReference: null, org: 'ttd' });
  });

  it.each([
    ['status', { status: 'Completed' as const }, true],
    ['extendedStatus', { extendedStatus: 'x' }, true],
    ['content', { content: content('Ny tittel') }, true],
    ['attachments', { attachments: [attachment] }, true],
    ['transmissions', { transmissions: [transmissionBody()] }, true],
    ['progress', { progress: 5 }, false],
    ['externalReference', { externalReference: 'x' }, false],
    ['dueAt', { dueAt: at('20:00') }, false],
    ['process', { process: 'urn:p' }, false],
    ['searchTags', { searchTags: ['tag'] }, false],
    ['activities', { activities: [activityBody()] }, false],
  ])('moves contentUpdatedAt exactly for new content: %s', (_, change, isContent) => {
    const { dialog } = given(createDialog()).when(updateDialog(change), later).thenChanged();
    expect(dialog).toMatchObject({ updatedAt: at('13:00'), contentUpdatedAt: isContent ? at('13:00') : at('12:00') });
  });

  it('changes nothing when nothing differs', () => {
    given(createDialog()).when(updateDialog(), later).thenUnchanged();
  });

  it('takes the dialog out of the archive even when nothing differs, and keeps the revision', () => {
    const archived = given(createDialog({ systemLabel: 'Archive' }));
    const { outcome, thenChanged } = archived.when(updateDialog(), later);
    expect(outcome).toMatchObject({ kind: 'applied', revision: archived.dialog().revision });
    expect(thenChanged()).toMatchObject({ dialog: { systemLabels: ['Default'], updatedAt: at('12:00') }, events: [] });
    archived.when(updateDialog({}, { silent: true }), later).thenUnchanged();
  });

  it('keeps ids and places of attachments that are named, gives new ones ids, and drops the others', () => {
    const named = { ...attachment, id: id(20), urls: [{ ...url, id: id(21) }] };
    const live = given(createDialog({ attachments: [named, { ...attachment, id: id(22) }] }));
    const { dialog, releasedIds } = live
      .when(updateDialog({ attachments: [attachment, { ...named, name: 'ny.pdf' }] }))
      .thenChanged();
    expect(dialog.attachments).toMatchObject([
      { id: id(20), name: 'ny.pdf', urls: [{ id: id(21) }] },
      { name: 'tegning.pdf' },
    ]);
    expect(releasedIds).toContain(id(22));
    expect(releasedIds).not.toContain(id(20));
  });

  it('gathers what is wrong with dates and children', () =>
    given(createDialog({ dueAt: at('20:00') }), createTransmission({ id: id(5) }))
      .when(
        updateDialog({
          dueAt: at('11:00'),
          transmissions: [transmissionBody({ id: id(5) })],
          activities: [activityBody({ type: 'TransmissionOpened', transmissionId: id(8) })],
        }),
      )
      .thenRejectedFor(422, 'DueAt', 'DialogTransmission', 'Activities'));

  it('lets a date in the past stand as long as it is not touched', () => {
    given(createDialog({ dueAt: at('12:30') }))
      .when(updateDialog({ dueAt: at('12:30'), progress: 1 }), later)
      .thenChanged();
  });

  it('answers 400 for dates before visibleFrom', () => {
    const hidden = given(createDialog({ visibleFrom: at('18:00') }));
    hidden
      .when(updateDialog({ dueAt: at('17:00'), expiresAt: at('17:30') }))
      .thenRejectedFor(400, 'dto.dueAt', 'dto.expiresAt');
    hidden.when(updateDialog({ dueAt: at('17:00') }, asAdmin)).thenChanged();
  });

  it('rejects a caller that saw an older revision', () =>
    given(createDialog())
      .when(updateDialog({ progress: 1 }, { ifMatch: id(4) }))
      .thenRejected({ status: 412 }));

  it('stays hidden until visibleFrom, whatever is changed', () => {
    const { dialog, events } = given(createDialog({ visibleFrom: at('18:00') }))
      .when(updateDialog({ progress: 1 }, { silent: true }), later)
      .thenChanged();
    expect(dialog).toMatchObject({ updatedAt: at('18:00'), contentUpdatedAt: at('18:00') });
    expect(events).toEqual([]);
  });
});

describe('PatchDialog', () => {
  it('applies its operations to the dialog as it is, in order', () => {
    const { dialog, events } = given(createDialog())
      .when(
        patchDialog([
          { op: 'test', path: '/status', value: 'NotApplicable' },
          { op: 'replace', path: '/status', value: 'Completed' },
          { op: 'add', path: '/searchTags/-', value: { value: 'Bygg' } },
        ]),
        later,
      )
      .thenChanged();
    expect(dialog).toMatchObject({ status: 'Completed', searchTags: ['bygg'], contentUpdatedAt: at('13:00') });
    expect(events.map(({ type }) => type)).toEqual(['DialogUpdated']);
  });

  it('matches member names without regard to case', () => {
    const { dialog } = given(createDialog())
      .when(patchDialog([{ op: 'replace', path: '/STATUS', value: 'Completed' }]))
      .thenChanged();
    expect(dialog.status).toBe('Completed');
  });

  it('appends transmissions, and cannot reach those that are there', () => {
    const live = given(createDialog(), createTransmission({ id: id(5) }));
    const added = {
      op: 'add' as const,
      path: '/transmissions/-',
      value: {
        type: 'Request',
        sender: { actorType: 'ServiceOwner' },
        content: { title: { value: [{ languageCode: 'nb', value: 'Hei' }] } },
      },
    };
    expect(live.when(patchDialog([added])).thenChanged().transmissions).toMatchObject([{ type: 'Request' }]);
    live.when(patchDialog([{ op: 'remove', path: '/transmissions/0' }])).thenRejectedFor(400, 'UpdateDialogDto');
  });

  it.each([
    ['a path that points nowhere', { op: 'replace', path: '/nowhere/at/all', value: 1 }],
    ['an immutable member', { op: 'replace', path: '/party', value: 'urn:x' }],
    ['an index out of range', { op: 'remove', path: '/searchTags/3' }],
    ['a test that does not hold', { op: 'test', path: '/status', value: 'Completed' }],
    ['a prototype', { op: 'add', path: '/__proto__/polluted', value: true }],
    ['a constructor', { op: 'add', path: '/constructor/prototype/polluted', value: true }],
    ['a move into its own child', { op: 'move', from: '/content', path: '/content/title' }],
    ['the whole document', { op: 'replace', path: '', value: {} }],
  ] as const)('rejects %s, and applies nothing', (_, operation) => {
    given(createDialog())
      .when(patchDialog([{ op: 'replace', path: '/progress', value: 3 }, operation]))
      .thenRejectedFor(400, 'UpdateDialogDto');
    expect({}).not.toHaveProperty('polluted');
  });

  it('is validated as a PUT body', () =>
    given(createDialog())
      .when(patchDialog([{ op: 'replace', path: '/progress', value: 140 }]))
      .thenRejectedFor(400, 'dto.progress'));

  it('empties a list that is set to null or removed', () => {
    const live = given(createDialog({ searchTags: ['a-tag'] }));
    for (const operation of [
      { op: 'replace', path: '/searchTags', value: null },
      { op: 'remove', path: '/searchTags' },
    ] as const) {
      expect(live.when(patchDialog([operation])).thenChanged().dialog.searchTags).toEqual([]);
    }
  });

  it('does not let copies of copies fill the memory', () => {
    const doubling = Array.from({ length: 40 }, () => ({
      op: 'copy' as const,
      from: '/attachments',
      path: '/attachments/-',
    }));
    given(createDialog({ attachments: [attachment] }))
      .when(patchDialog(doubling))
      .thenRejectedFor(400, 'UpdateDialogDto');
  });

  it('has a limit to its operations', () => {
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test' as const, path: '/progress', value: null }));
    given(createDialog()).when(patchDialog(many)).thenRejectedFor(400, 'UpdateDialogDto');
  });

  it('is found before it is applied: 404 first', () =>
    given()
      .when(patchDialog([{ op: 'remove', path: '/nowhere' }]))
      .thenRejectedFor(404, 'DialogEntity'));
});
