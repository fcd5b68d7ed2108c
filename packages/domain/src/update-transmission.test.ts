import type { Command } from '@dialog/contracts/commands';
import { describe, expect, it } from 'vitest';
import { hasUnopenedContent } from './dialog.ts';
import { childKey } from './dialog-state.ts';
import {
  asAdmin,
  at,
  contextAt,
  createActivity,
  createDialog,
  createTransmission,
  deleteDialog,
  dialogId,
  freezeDialog,
  id,
  patchDialog,
  transmissionBody,
  updateTransmission,
  withCorrespondence,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const later = contextAt(at('13:00'));
const notOwned = { facts: { notOwned: ['urn:altinn:resource:theirs'], actorNames: {} } };
const letter = createTransmission({ id: id(5), idempotentKey: 'letter-1', externalReference: 'ref' });
const kari = { actorType: 'PartyRepresentative' as const, actorId: 'urn:altinn:person:identifier-no:01817030080' };

describe('UpdateTransmission', () => {
  it('replaces the transmission, and keeps when it was made unless told otherwise', () => {
    const { correctedTransmissions } = given(createDialog(), letter)
      .when(updateTransmission(id(5), { type: 'Alert' }), later)
      .thenChanged();
    const { id: _, ...body } = transmissionBody({ type: 'Alert' });
    expect(correctedTransmissions).toEqual([
      { ...body, dialogId, id: id(5), createdAt: at('12:00'), depth: 1, repliesCount: 0, opened: false },
    ]);
    const moved = given(createDialog(), letter).when(updateTransmission(id(5), { createdAt: at('23:00') }));
    expect(moved.thenChanged().correctedTransmissions).toMatchObject([{ createdAt: at('23:00') }]);
  });

  it('changes nothing of the dialog but its revision, and tells nobody', () => {
    const live = given(createDialog({ systemLabel: 'Bin' }), createTransmission({ id: id(5) }, { silent: true }));
    const { dialog, events } = live.when(updateTransmission(id(5)), later).thenChanged();
    expect(dialog).toEqual({ ...live.dialog(), revision: expect.any(String) });
    expect(dialog.revision).not.toBe(live.dialog().revision);
    expect(events).toEqual([]);
  });

  it('names the sender as registered', () => {
    const live = given(createDialog(), letter);
    const sender = { ...kari, actorName: null };
    const facts = { notOwned: [], actorNames: { [kari.actorId]: 'Fisker Kari Anne' } };
    expect(live.when(updateTransmission(id(5), { sender }, { facts })).thenChanged()).toMatchObject({
      correctedTransmissions: [{ sender: { actorName: 'Fisker Kari Anne' } }],
    });
    live.when(updateTransmission(id(5), { sender }, { ifMatch: id(4) })).thenRejectedFor(422, 'ActorId');
  });

  it('looks at one thing after the other', () => {
    const wrong = updateTransmission(id(9), { relatedTransmissionId: id(8) }, { ...notOwned, ifMatch: id(4) });
    const owned = { ...wrong, facts: { notOwned: [], actorNames: {} } };
    given(createDialog())
      .when({ ...wrong, org: 'skd' })
      .thenRejectedFor(404, 'DialogEntity');
    // Foreign resources are told even of a deleted dialog.
    const closed = given(createDialog(), letter, freezeDialog(), deleteDialog(asAdmin));
    closed.when(wrong).thenRejectedFor(403, 'Forbidden');
    closed.when(owned).thenRejectedFor(410, 'DialogEntity');
    closed.when({ ...owned, ...asAdmin }).thenRejectedFor(410, 'DialogEntity');
    given(createDialog(), letter, freezeDialog()).when(owned).thenRejectedFor(403, 'Forbidden');
    given(createDialog(), letter).when(owned).thenRejectedFor(404, 'DialogTransmission');

    const keyed = given(createDialog(), letter, createTransmission({ id: id(9), idempotentKey: 'letter-2' }));
    const used = updateTransmission(id(9), { relatedTransmissionId: id(8), idempotentKey: 'letter-1' });
    keyed.when(used).thenRejectedFor(409, 'IdempotentKey');
    keyed.when({ ...used, payload: { ...used.payload, idempotentKey: null } }).thenRejectedFor(422, 'Transmissions');
    keyed.when(updateTransmission(id(9), {}, { ifMatch: id(4) })).thenRejected({ status: 412 });
  });

  it('is reserved where the dialog is one of a correspondence', () => {
    const rights = { resource: { org: 'ttd', type: 'correspondenceservice' }, ...withCorrespondence };
    const live = given(createDialog({}, rights), { ...letter, ...withCorrespondence });
    live.when(updateTransmission(id(5))).thenRejectedFor(403, 'Forbidden');
    live.when(updateTransmission(id(5), {}, withCorrespondence)).thenChanged();
    live.when(updateTransmission(id(5), {}, asAdmin)).thenChanged();
  });

  it('may keep its idempotent key, or free it for another', () => {
    const live = given(createDialog(), letter);
    live.when(updateTransmission(id(5), { idempotentKey: 'letter-1' })).thenChanged();
    const freed = given(createDialog(), letter, updateTransmission(id(5), { idempotentKey: 'letter-2' }));
    freed.when(createTransmission({ idempotentKey: 'letter-2' })).thenRejectedFor(409, 'IdempotentKey');
    freed.when(createTransmission({ idempotentKey: 'letter-1' })).thenChanged();
  });

  it('counts down the transmissions without content', () => {
    const bare = given(
      createDialog({ isApiOnly: true, transmissions: [transmissionBody({ id: id(5), content: null })] }),
    );
    expect(bare.dialog().contentlessTransmissionsCount).toBe(1);
    const { dialog } = bare.when(updateTransmission(id(5))).thenChanged();
    expect(dialog.contentlessTransmissionsCount).toBe(0);
  });
});

describe('the attachments of a corrected transmission', () => {
  const url = (urlId: string | null) => ({
    ...{ id: urlId, url: 'https://example.com/1.pdf', mediaType: null, consumerType: 'Gui' as const },
  });
  const attachment = (attachmentId: string | null, ...urlIds: (string | null)[]) => ({
    ...{ id: attachmentId, displayName: null, name: null, expiresAt: at('09:00'), urls: urlIds.map(url) },
  });
  const withAttachments = updateTransmission(id(5), {
    attachments: [attachment(id(20), id(21), id(22)), attachment(id(30), id(31))],
  });
  const stored = given(createDialog(), letter, withAttachments);

  it('are those that it has where their ids say so, and gone where they are not named', () => {
    const body = { attachments: [attachment(null, null), attachment(id(20), id(22), null)] };
    const change = stored.when(updateTransmission(id(5), body)).thenChanged();
    expect(change.correctedTransmissions).toMatchObject([
      { attachments: [{ id: id(20), urls: [{ id: id(22) }, { id: expect.any(String) }] }, { id: expect.any(String) }] },
    ]);
    expect(change.chosenIds).toEqual([]);
    expect(change.releasedIds.sort()).toEqual([id(21), id(30), id(31)]);
  });

  it('may have expired', () => stored.when(withAttachments).thenChanged());

  it('have ids that are free in the whole service', () => {
    const other = createDialog(
      { attachments: [{ ...attachment(id(40), id(41)), expiresAt: null }] },
      { dialogId: id(2) },
    );
    const live = given(other, createDialog(), letter);
    live
      .when(updateTransmission(id(5), { attachments: [attachment(id(40), id(41))] }))
      .thenRejectedFor(422, 'Attachment', 'AttachmentUrl');
    expect(live.when(withAttachments).thenChanged().chosenIds.sort()).toEqual([20, 21, 22, 30, 31].map(id));
  });
});

describe('a transmission that is related to another one than before', () => {
  const related = (number: number, to: number | null) =>
    createTransmission({ id: id(number), relatedTransmissionId: to === null ? null : id(to) });
  const relate = (number: number, to: number | null) =>
    updateTransmission(id(number), { relatedTransmissionId: to === null ? null : id(to) });
  /** 10 ← 11 ← 12 ← 13, and 20. */
  const tree = [
    createDialog(),
    related(10, null),
    related(11, 10),
    related(12, 11),
    related(13, 12),
    related(20, null),
  ];

  const placesAfter = (...commands: Command[]) => {
    const { state } = given(...tree, ...commands);
    return Object.fromEntries(
      [10, 11, 12, 13, 20].map((number) => {
        const known = state.transmissions.get(childKey(dialogId, id(number)));
        return [number, [known?.depth, known?.repliesCount]];
      }),
    );
  };

  it('takes along what answers it', () => {
    expect(placesAfter()).toEqual({ 10: [1, 1], 11: [2, 1], 12: [3, 1], 13: [4, 0], 20: [1, 0] });
    expect(placesAfter(relate(12, 20))).toEqual({ 10: [1, 1], 11: [2, 0], 12: [2, 1], 13: [3, 0], 20: [1, 1] });
    expect(placesAfter(relate(11, null))).toEqual({ 10: [1, 0], 11: [1, 1], 12: [2, 1], 13: [3, 0], 20: [1, 0] });
    expect(placesAfter(relate(20, 13))).toEqual({ 10: [1, 1], 11: [2, 1], 12: [3, 1], 13: [4, 1], 20: [5, 0] });
    expect(placesAfter(relate(12, 20), relate(20, 10), relate(12, null))).toEqual({
      ...{ 10: [1, 2], 11: [2, 0], 12: [1, 1], 13: [2, 0], 20: [2, 0] },
    });
  });

  it('touches no other than those', () => {
    const { touchedTransmissions } = given(...tree)
      .when(relate(12, 20))
      .thenChanged();
    expect(touchedTransmissions.map((touched) => touched.id).sort()).toEqual([11, 13, 20].map(id));
    expect(
      given(...tree)
        .when(relate(12, 11))
        .thenChanged().touchedTransmissions,
    ).toEqual([]);
  });

  it('cannot answer itself, nor what answers it', () => {
    given(...tree)
      .when(relate(20, 20))
      .thenRejectedFor(422, 'Transmissions');
    given(...tree)
      .when(relate(10, 13))
      .thenRejectedFor(422, 'Transmissions');
    given(...tree)
      .when(relate(11, 12))
      .thenRejectedFor(422, 'Transmissions');
    given(...tree, relate(12, null))
      .when(relate(11, 12))
      .thenChanged();
  });

  it('answers something that the dialog has', () =>
    given(...tree)
      .when(relate(20, 99))
      .thenRejectedFor(422, 'Transmissions'));

  it('stays, with all that answers it, within the depth', () => {
    const chain = Array.from({ length: 97 }, (_, index) => related(100 + index, index === 0 ? null : 99 + index));
    const deep = given(...tree, ...chain);
    // 196 is at depth 97: below it there is room for three.
    deep.when(relate(11, 196)).thenChanged();
    deep.when(relate(10, 196)).thenRejectedFor(422, 'Transmissions');
  });

  it('is one of at most a hundred direct replies', () => {
    const replies = Array.from({ length: 100 }, (_, index) => related(100 + index, 20));
    given(...tree, ...replies.slice(1))
      .when(relate(12, 20))
      .thenChanged();
    given(...tree, ...replies)
      .when(relate(12, 20))
      .thenRejectedFor(422, 'Transmissions');
    given(...tree, ...replies)
      .when(relate(150, 20))
      .thenChanged();
  });
});

describe('what a dialog tells of unopened content', () => {
  const toParty = updateTransmission(id(5), { type: 'Submission' });
  const toServiceOwner = updateTransmission(id(5), { type: 'Information' });
  const submission = createTransmission({ id: id(5), type: 'Submission' });
  const opened = createActivity({ type: 'TransmissionOpened', transmissionId: id(5) });
  const patched = patchDialog([{ op: 'replace', path: '/progress', value: 5 }]);
  const told = (...commands: Command[]) => hasUnopenedContent(given(createDialog(), ...commands).dialog());

  it('stays when a transmission is moved to the other side', () => {
    expect(told(letter, toParty)).toBe(true);
    expect(told(submission, toServiceOwner)).toBe(false);
    expect(told(letter, toParty, toServiceOwner)).toBe(true);
  });

  it('is computed anew when the dialog is changed', () => {
    expect(told(letter, toParty, patched)).toBe(false);
    expect(told(submission, toServiceOwner, patched)).toBe(true);
    expect(told(letter, opened, toParty, toServiceOwner, patched)).toBe(false);
  });

  it('ends when the last transmission is opened, and does not begin with that', () => {
    expect(told(letter, toParty, opened)).toBe(false);
    expect(told(submission, toServiceOwner, opened)).toBe(false);
    expect(told(submission, toServiceOwner, createActivity())).toBe(false);
    expect(told(letter, toParty, createActivity())).toBe(true);
    expect(told(letter, createTransmission({ id: id(6) }), toParty, opened)).toBe(true);
    // Another that nobody was told of keeps quiet when something else is opened.
    expect(told(submission, createTransmission({ id: id(6), type: 'Submission' }), toServiceOwner, opened)).toBe(false);
  });

  it('begins with a transmission from the service owner, and not with one from the party', () => {
    expect(told(submission, toServiceOwner, createTransmission())).toBe(true);
    expect(told(submission, toServiceOwner, createTransmission({ type: 'Submission' }))).toBe(false);
    expect(told(letter, toParty, createTransmission({ type: 'Submission' }))).toBe(true);
    expect(told(submission, toServiceOwner, createTransmission({ id: id(6) }), opened)).toBe(true);
  });
});
