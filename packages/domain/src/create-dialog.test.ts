import { describe, expect, it } from 'vitest';
import { orgKey } from './dialog-state.ts';
import { activityBody, asAdmin, at, contextAt, createDialog, id, now, transmissionBody } from './testing/examples.ts';
import { given } from './testing/given.ts';

describe('CreateDialog', () => {
  it('takes the org from the resource, and one moment for all three timestamps', () => {
    const { dialog } = given()
      .when(createDialog({}, { org: 'digdir' }))
      .thenChanged();
    expect(dialog).toMatchObject({ org: 'ttd', createdAt: now, updatedAt: now, contentUpdatedAt: now });
  });

  it('keeps the timestamps that the caller supplies', () => {
    const { dialog } = given()
      .when(createDialog({ createdAt: at('08:00'), updatedAt: at('09:00') }))
      .thenChanged();
    expect(dialog).toMatchObject({ createdAt: at('08:00'), updatedAt: at('09:00'), contentUpdatedAt: at('09:00') });
  });

  it('moves every timestamp to a visibleFrom in the future, those of transmissions too', () => {
    const { dialog, transmissions } = given()
      .when(createDialog({ visibleFrom: at('13:00'), createdAt: at('08:00'), transmissions: [transmissionBody()] }))
      .thenChanged();
    const later = at('13:00');
    expect(dialog).toMatchObject({ createdAt: later, updatedAt: later, contentUpdatedAt: later });
    expect(transmissions).toMatchObject([{ createdAt: later }]);
  });

  it('tells only the service owner of a dialog that is not visible yet', () => {
    const { events } = given()
      .when(createDialog({ visibleFrom: at('13:00') }))
      .thenChanged();
    expect(events).toMatchObject([{ type: 'DialogCreated', audiences: ['owner'] }]);
  });

  it('gives one event for the dialog, then one for each child', () => {
    const { events } = given()
      .when(createDialog({ transmissions: [transmissionBody()], activities: [activityBody(), activityBody()] }))
      .thenChanged();
    expect(events.map(({ type }) => type)).toEqual([
      'DialogCreated',
      'DialogTransmissionCreated',
      'DialogActivityCreated',
      'DialogActivityCreated',
    ]);
    expect(events.every(({ audiences }) => audiences.join() === 'owner,party')).toBe(true);
    expect(new Set(events.map((event) => event.id)).size).toBe(4);
  });

  it('gives no event when it is silent', () => {
    expect(
      given()
        .when(createDialog({}, { silent: true }))
        .thenChanged().events,
    ).toEqual([]);
  });

  it('gathers dates that are not in the future', () =>
    given()
      .when(createDialog({ dueAt: at('11:00'), expiresAt: now, visibleFrom: at('10:00') }))
      .thenRejectedFor(422, 'DueAt', 'ExpiresAt', 'VisibleFrom'));

  it('allows past dates to an administrator, and in a silent create', () => {
    given()
      .when(createDialog({ dueAt: at('11:00') }, asAdmin))
      .thenChanged();
    given()
      .when(createDialog({ dueAt: at('11:00') }, { silent: true }))
      .thenChanged();
  });

  it('names the dialog that holds an idempotent key', () =>
    given(createDialog({ idempotentKey: 'case-1' }))
      .when(createDialog({ idempotentKey: 'case-1' }, { dialogId: id(2) }))
      .thenRejected({ status: 409, errors: { IdempotentKey: [`'case-1' already exists with DialogId '${id(1)}'`] } }));

  it('answers 422 when the dialog that holds the idempotent key is deleted', () => {
    const deleted = given(createDialog({ idempotentKey: 'case-1' }));
    deleted.state.dialogKeys.set(orgKey('ttd', 'case-1'), { dialogId: id(1), revision: id(9), deleted: true });
    deleted.when(createDialog({ idempotentKey: 'case-1' }, { dialogId: id(2) })).thenRejectedFor(422, 'Dialog');
  });

  it('lets two orgs use the same idempotent key', () => {
    given(createDialog({ idempotentKey: 'case-1' }))
      .when(createDialog({ idempotentKey: 'case-1' }, { dialogId: id(2), resource: { org: 'skd', type: 'altinnapp' } }))
      .thenChanged();
  });

  it('rejects a chosen id that is taken', () => {
    given(createDialog({ id: id(1) }))
      .when(createDialog({ id: id(1) }))
      .thenRejectedFor(422, 'Dialog');
    given(createDialog({ activities: [activityBody({ id: id(7) })] }))
      .when(createDialog({ activities: [activityBody({ id: id(7) })] }, { dialogId: id(2) }))
      .thenRejectedFor(422, 'DialogActivity');
  });

  it('needs the correspondence scope for correspondence activities', () => {
    const activities = [activityBody({ type: 'CorrespondenceOpened' })];
    given().when(createDialog({ activities })).thenRejectedFor(403, 'Forbidden');
    const rights = { admin: false, correspondence: true, legacyHtml: false };
    given().when(createDialog({ activities }, { rights })).thenChanged();
  });

  describe('that breaks several rules', () => {
    const circle = [
      transmissionBody({ id: id(5), relatedTransmissionId: id(6) }),
      transmissionBody({ id: id(6), relatedTransmissionId: id(5) }),
    ];
    const twins = [transmissionBody({ idempotentKey: 'letter' }), transmissionBody({ idempotentKey: 'letter' })];
    const reserved = [activityBody({ type: 'CorrespondenceOpened' })];
    const unknown = { resource: null };
    const foreign = { facts: { notOwned: ['urn:altinn:resource:theirs'], actorNames: {} } };
    const nobody = { actorType: 'PartyRepresentative' as const, actorId: 'urn:altinn:person:x', actorName: null };
    const past = { dueAt: at('11:00') };

    it.each([
      ['the resource', {}, unknown, 422, ['ServiceResource', 'Org']],
      [
        'the resource, dates and hierarchy',
        { ...past, transmissions: circle },
        unknown,
        422,
        ['ServiceResource', 'Org', 'DueAt', 'Transmissions'],
      ],
      ['the resource, and refers to a foreign one', {}, { ...unknown, ...foreign }, 422, ['ServiceResource', 'Org']],
      ['the resource and a key', { idempotentKey: 'case-1' }, unknown, 422, ['ServiceResource', 'Org']],
      ['the resource, and is reserved', { activities: reserved }, unknown, 422, ['ServiceResource', 'Org']],
      ['a foreign resource and a key', { idempotentKey: 'case-1' }, foreign, 403, ['Forbidden']],
      ['a key and dates', { ...past, idempotentKey: 'case-1' }, {}, 409, ['IdempotentKey']],
      ['dates, and is reserved', { ...past, activities: reserved }, {}, 422, ['DueAt']],
      ['dates and hierarchy', { ...past, transmissions: circle }, {}, 422, ['DueAt', 'Transmissions']],
      ['dates and keys of transmissions', { ...past, transmissions: twins }, {}, 422, ['DueAt']],
      ['reserved, and keys of transmissions', { activities: reserved, transmissions: twins }, {}, 403, ['Forbidden']],
      ['keys of transmissions', { transmissions: twins }, {}, 409, ['IdempotentKey']],
      [
        'dates, and names nobody and a taken id',
        { ...past, id: id(1), activities: [activityBody({ performedBy: nobody })] },
        {},
        422,
        ['DueAt'],
      ],
      [
        'names nobody and a taken id',
        { activities: [activityBody({ id: id(7), performedBy: nobody })] },
        {},
        422,
        ['DialogActivity', 'ActorId'],
      ],
    ] as const)('is told of the first that counts: %s', (_, body, header, status, keys) =>
      given(createDialog({ idempotentKey: 'case-1', activities: [activityBody({ id: id(7) })] }))
        .when(createDialog(structuredClone<object>(body), { dialogId: id(2), ...header }))
        .thenRejectedFor(status, ...keys),
    );
  });

  it('chooses an id for one thing only', () => {
    const attachment = { id: id(5), displayName: null, name: null, expiresAt: null, urls: [] };
    const twice = [transmissionBody({ attachments: [attachment] }), transmissionBody({ attachments: [attachment] })];
    given()
      .when(createDialog({ transmissions: twice }))
      .thenRejectedFor(422, 'Attachment');
  });

  it('tells a thousand things that are wrong at most', () => {
    const chain = Array.from({ length: 1_500 }, (_, index) =>
      transmissionBody({ id: id(200 + index), relatedTransmissionId: index === 0 ? null : id(199 + index) }),
    );
    const { outcome } = given().when(createDialog({ transmissions: chain }));
    expect(outcome).toMatchObject({ rejection: { status: 422 } });
    const told = outcome.kind === 'rejected' ? outcome.rejection.errors?.Transmissions : [];
    expect(told).toHaveLength(1_000);
  });

  it('counts transmissions by direction, and those that nobody has opened', () => {
    const { dialog, transmissions } = given()
      .when(
        createDialog({
          transmissions: [
            transmissionBody({ id: id(5) }),
            transmissionBody(),
            transmissionBody({ type: 'Submission' }),
          ],
          activities: [activityBody({ type: 'TransmissionOpened', transmissionId: id(5) })],
        }),
      )
      .thenChanged();
    expect(dialog).toMatchObject({
      fromServiceOwnerTransmissionsCount: 2,
      fromPartyTransmissionsCount: 1,
      unopenedTransmissionsCount: 1,
      systemLabels: ['Default', 'Sent'],
    });
    expect(transmissions.map(({ opened }) => opened)).toEqual([true, false, false]);
  });

  it('places transmissions in their hierarchy, whatever their order', () => {
    const { transmissions } = given()
      .when(
        createDialog({
          transmissions: [
            transmissionBody({ id: id(6), relatedTransmissionId: id(5) }),
            transmissionBody({ id: id(7), relatedTransmissionId: id(6) }),
            transmissionBody({ id: id(5) }),
          ],
        }),
      )
      .thenChanged();
    const placed = Object.fromEntries(transmissions.map((one) => [one.id, [one.depth, one.repliesCount]]));
    expect(placed).toEqual({ [id(5)]: [1, 1], [id(6)]: [2, 1], [id(7)]: [3, 0] });
  });

  it('rejects a circle of transmissions', () =>
    given()
      .when(
        createDialog({
          transmissions: [
            transmissionBody({ id: id(5), relatedTransmissionId: id(6) }),
            transmissionBody({ id: id(6), relatedTransmissionId: id(5) }),
          ],
        }),
      )
      .thenRejectedFor(422, 'Transmissions'));

  it.each([
    [100, true],
    [101, false],
  ])('allows a chain of 100 transmissions: %i', (length, allowed) => {
    const transmissions = Array.from({ length }, (_, index) =>
      transmissionBody({ id: id(200 + index), relatedTransmissionId: index === 0 ? null : id(199 + index) }),
    );
    const decision = given().when(createDialog({ transmissions }));
    if (allowed) decision.thenChanged();
    else decision.thenRejectedFor(422, 'Transmissions');
  });

  it('allows 100 direct replies and no more', () => {
    const root = transmissionBody({ id: id(5) });
    const replies = (count: number) =>
      Array.from({ length: count }, () => transmissionBody({ relatedTransmissionId: id(5) }));
    given()
      .when(createDialog({ transmissions: [root, ...replies(100)] }))
      .thenChanged();
    given()
      .when(createDialog({ transmissions: [root, ...replies(101)] }))
      .thenRejectedFor(422, 'Transmissions');
  });

  it('names actors as they are registered, and rejects one without a name', () => {
    const actorId = 'urn:altinn:organization:identifier-no:991825827';
    const performedBy = { actorType: 'PartyRepresentative' as const, actorId, actorName: null };
    const activities = [activityBody({ performedBy })];
    const facts = { notOwned: [], actorNames: { [actorId]: 'BYGG AS' } };
    const change = given().when(createDialog({ activities }, { facts })).thenChanged();
    expect(change.activities).toMatchObject([{ performedBy: { actorName: 'BYGG AS' } }]);
    given().when(createDialog({ activities })).thenRejectedFor(422, 'ActorId');
  });

  it('counts a dialog from before December 2025 as seen', () => {
    const old = given()
      .when(createDialog({}), contextAt(at('12:00')))
      .thenChanged();
    expect(old.dialog.contentSeen).toBe(false);
    const migrated = given()
      .when(createDialog({ serviceResource: 'urn:altinn:resource:app_ttd_a2-1234' }))
      .thenChanged();
    expect(migrated.dialog.contentSeen).toBe(true);
  });
});
