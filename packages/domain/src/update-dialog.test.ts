import { describe, expect, it } from 'vitest';
import { hasUnopenedContent } from './dialog.ts';
import {
  activityBody,
  asAdmin,
  at,
  content,
  contextAt,
  createActivity,
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
const endpoint = {
  ...{ id: null, version: null, url: 'https://ttd.example/api', httpMethod: 'GET' as const, deprecated: false },
  ...{ documentationUrl: null, requestSchema: null, responseSchema: null, sunsetAt: null },
};
const apiAction = { id: null, action: 'read', authorizationAttribute: null, name: null, endpoints: [endpoint] };
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

  it('keeps the places of urls and endpoints, whatever their order in the request', () => {
    const urls = [
      { ...url, id: id(21) },
      { ...url, id: id(22) },
    ];
    const endpoints = [
      { ...endpoint, id: id(31) },
      { ...endpoint, id: id(32) },
    ];
    const parts = {
      attachments: [{ ...attachment, id: id(20), urls }],
      apiActions: [{ ...apiAction, id: id(30), endpoints }],
    };
    const live = given(createDialog(parts));
    const turned = {
      attachments: [{ ...attachment, id: id(20), urls: urls.toReversed() }],
      apiActions: [{ ...apiAction, id: id(30), endpoints: endpoints.toReversed() }],
    };
    live.when(updateDialog(turned), later).thenUnchanged();

    const withoutIds = { ...turned, attachments: [{ ...attachment, id: id(20), urls: [url, url] }] };
    const { dialog } = live.when(updateDialog(withoutIds), later).thenChanged();
    expect(dialog.attachments[0]?.urls.map((one) => one.id)).not.toContain(id(21));
  });

  describe('that breaks several rules', () => {
    const taken = { ...attachment, id: id(60) };
    const known = transmissionBody({ id: id(5), idempotentKey: 'letter', attachments: [taken] });
    const nobody = { actorType: 'PartyRepresentative' as const, actorId: 'urn:altinn:person:x', actorName: null };
    const reserved = activityBody({ type: 'CorrespondenceOpened' });
    const past = { dueAt: at('11:00'), expiresAt: at('11:30') };
    const twin = transmissionBody({ idempotentKey: 'letter' });
    const lost = transmissionBody({ relatedTransmissionId: id(8) });
    const opening = activityBody({ type: 'TransmissionOpened', transmissionId: id(8) });
    const expired = { ...attachment, expiresAt: at('11:00') };
    const foreign = { facts: { notOwned: ['urn:altinn:resource:theirs'], actorNames: {} } };
    const theirs = transmissionBody({ authorizationAttribute: 'urn:altinn:resource:Theirs' });

    it.each([
      ['dates', past, {}, 422, ['DueAt', 'ExpiresAt']],
      [
        'dates, a known activity',
        { ...past, activities: [activityBody({ id: id(6) })] },
        {},
        422,
        ['DueAt', 'ExpiresAt', 'DialogActivity'],
      ],
      ['dates, reserved', { ...past, activities: [reserved] }, {}, 422, ['DueAt', 'ExpiresAt']],
      ['reserved, hierarchy', { activities: [reserved], transmissions: [lost] }, {}, 403, ['Forbidden']],
      [
        'a known transmission and attachment',
        {
          transmissions: [transmissionBody({ id: id(5) }), transmissionBody({ attachments: [taken] })],
        },
        {},
        422,
        ['DialogTransmission', 'DialogAttachment'],
      ],
      [
        'hierarchy, an expired attachment',
        {
          transmissions: [lost, transmissionBody({ attachments: [expired] })],
        },
        {},
        422,
        ['Transmissions', 'Transmissions.Attachments.ExpiresAt'],
      ],
      ['hierarchy, a key', { transmissions: [lost, twin] }, {}, 422, ['Transmissions']],
      ['a key, an unknown transmission', { transmissions: [twin], activities: [opening] }, {}, 409, ['IdempotentKey']],
      ['a key, a foreign resource', { transmissions: [twin, theirs] }, foreign, 409, ['IdempotentKey']],
      [
        'an unknown transmission, an expired attachment',
        { activities: [opening], attachments: [expired] },
        {},
        422,
        ['Activities', 'Attachments.ExpiresAt'],
      ],
      [
        'everything, a foreign resource',
        { ...past, transmissions: [lost, theirs], activities: [opening] },
        foreign,
        403,
        ['Forbidden'],
      ],
      [
        'dates, nobody',
        { ...past, activities: [activityBody({ performedBy: nobody })] },
        {},
        422,
        ['DueAt', 'ExpiresAt'],
      ],
      [
        'nobody, a taken id',
        {
          activities: [activityBody({ performedBy: nobody })],
          attachments: [{ ...attachment, id: id(60) }],
        },
        {},
        422,
        ['ActorId', 'Attachment'],
      ],
      ['dates, an older revision', past, { ifMatch: id(4) }, 412, []],
    ] as const)('is told of the first that counts: %s', (_, body, header, status, keys) =>
      given(createDialog(), createTransmission(known), createActivity({ id: id(6) }))
        .when(updateDialog(structuredClone<object>(body), header))
        .thenRejectedFor(status, ...keys),
    );
  });

  it('tells whether something is unopened, of what there is then', () => {
    const opens = (transmissionId: string) => activityBody({ type: 'TransmissionOpened', transmissionId });
    const two = given(createDialog(), createTransmission({ id: id(5) }), createTransmission({ id: id(6) }));
    const one = two.when(updateDialog({ activities: [opens(id(5))] })).thenChanged();
    expect(hasUnopenedContent(one.dialog)).toBe(true);
    const none = two.when(updateDialog({ activities: [opens(id(5)), opens(id(6))] })).thenChanged();
    expect(hasUnopenedContent(none.dialog)).toBe(false);
    const another = { transmissions: [transmissionBody()], activities: [opens(id(5)), opens(id(6))] };
    expect(hasUnopenedContent(two.when(updateDialog(another)).thenChanged().dialog)).toBe(true);
    const fromParty = { ...another, transmissions: [transmissionBody({ type: 'Correction' })] };
    expect(hasUnopenedContent(two.when(updateDialog(fromParty)).thenChanged().dialog)).toBe(false);
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
