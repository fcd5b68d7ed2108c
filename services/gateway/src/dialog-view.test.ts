import { dialogView as dialogSchema } from '@dialog/contracts/dialog-view';
import { fullDialog, now } from '@dialog/contracts/testing/bodies';
import { parseTimestamp } from '@dialog/contracts/timestamp';
import { validateCreateDialog } from '@dialog/contracts/validate';
import { createDialog } from '@dialog/domain/create-dialog';
import type { Dialog } from '@dialog/domain/dialog';
import { emptyState } from '@dialog/domain/dialog-state';
import { contextAt, createDialog as createCommand } from '@dialog/domain/testing/examples';
import { describe, expect, it } from 'vitest';
import { activityListItem, dialogView } from './dialog-view.ts';
import type { WholeDialog } from './read-dialog.ts';

const rights = { admin: true, correspondence: false, legacyHtml: false };
const person = 'urn:altinn:person:identifier-no:01817030080';

/** What is stored when a body is created, read back. */
function stored(body: object): WholeDialog {
  const validated = validateCreateDialog(body, { now, rights });
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  const facts = { notOwned: [], actorNames: { [person]: 'Fisker Kari Anne' } };
  const outcome = createDialog(emptyState(), createCommand(validated.value, { rights, facts }), contextAt(now));
  if (outcome.kind !== 'applied' || outcome.changes[0] === undefined) throw new Error(JSON.stringify(outcome));
  return { ...outcome.changes[0], lastVisits: [] };
}

const minimal = {
  serviceResource: fullDialog.serviceResource,
  party: fullDialog.party,
  content: { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } },
};

/** As it arrives at the caller. */
function shown(whole: WholeDialog): Record<string, unknown> {
  return JSON.parse(JSON.stringify(dialogView(whole)));
}

function changedTo(changed: Partial<Dialog>): Record<string, unknown> {
  const whole = stored(minimal);
  return shown({ ...whole, dialog: { ...whole.dialog, ...changed } });
}

describe('the dialog that a service owner reads', () => {
  it('has every member that the API documents, and no other', () => {
    const dialog = shown(stored(fullDialog));
    expect(dialogSchema.parse(dialog)).toEqual(dialog);
    // What depends on more than the dialog is all that a full one lacks.
    const optional = ['deletedAt', 'authorization'];
    expect(Object.keys(dialogSchema.shape).filter((name) => !(name in dialog))).toEqual(optional);
  });

  it('leaves out what has no value, and shows lists that are empty', () => {
    const dialog = shown(stored(minimal));
    expect(dialogSchema.parse(dialog)).toEqual(dialog);
    expect(JSON.stringify(dialog)).not.toContain('null');
    for (const name of ['progress', 'dueAt', 'process', 'extendedStatus', 'idempotentKey']) {
      expect(dialog).not.toHaveProperty(name);
    }
    expect(dialog).toMatchObject({
      attachments: [],
      transmissions: [],
      searchTags: [],
      guiActions: [],
      activities: [],
    });
  });

  it('says whether a transmission was opened, of those that came from the service owner', () => {
    const whole = stored(fullDialog);
    const transmissions = whole.transmissions.map((transmission) => ({ ...transmission, opened: true }));
    expect(shown({ ...whole, transmissions }).transmissions).toMatchObject([
      { type: 'Information', isOpened: true },
      { type: 'Submission', isOpened: false, sender: { actorId: person, actorName: 'Fisker Kari Anne' } },
    ]);
  });

  it('has one label for where it is, and all labels', () => {
    const dialog = changedTo({ systemLabels: ['Archive', 'MarkedAsUnopened', 'Sent'], contentSeen: true });
    expect(dialog).toMatchObject({
      systemLabel: 'Archive',
      endUserContext: { systemLabels: ['Archive', 'MarkedAsUnopened', 'Sent'] },
      // Somebody wants to see it again.
      isContentSeen: false,
    });
    expect(changedTo({ contentSeen: true }).isContentSeen).toBe(true);
  });

  it('says that it was deleted', () => {
    expect(changedTo({ deletedAt: now })).toMatchObject({ deletedAt: now });
  });

  it('tells visits since the last update from those since the last change of content, and whose they were', () => {
    const visit = (id: string, seenAt: string, actorId: string) => {
      const at = parseTimestamp(seenAt);
      if (at === undefined) throw new Error(seenAt);
      const seenBy = { actorType: 'PartyRepresentative' as const, actorId, actorName: null };
      return { id, seenAt: at, seenBy, isViaServiceOwner: true };
    };
    const updatedAt = parseTimestamp('2026-03-02T08:00:00Z') ?? now;
    const contentUpdatedAt = parseTimestamp('2026-03-01T08:00:00Z') ?? now;
    const { dialog, ...rest } = stored(minimal);
    const lastVisits = [
      visit('019cf0a2-6d5e-7c31-9d44-000000000001', '2026-03-01T08:00:00Z', person),
      visit('019cf0a2-6d5e-7c31-9d44-000000000002', '2026-03-02T08:00:00Z', 'urn:altinn:person:idporten-email:a@b.no'),
    ];
    const whole = { ...rest, dialog: { ...dialog, updatedAt, contentUpdatedAt }, lastVisits };
    const view = (endUserId?: string) => {
      const { seenSinceLastUpdate, seenSinceLastContentUpdate } = dialogView(whole, endUserId);
      const told = (list: typeof seenSinceLastUpdate) =>
        list.map(({ id, isCurrentEndUser }) => [id.at(-1), isCurrentEndUser]);
      return { update: told(seenSinceLastUpdate), content: told(seenSinceLastContentUpdate) };
    };
    expect(view()).toEqual({
      update: [['2', false]],
      content: [
        ['1', false],
        ['2', false],
      ],
    });
    expect(view(person).content).toEqual([
      ['1', true],
      ['2', false],
    ]);
    expect(dialogSchema.parse(shown(whole))).toEqual(shown(whole));
  });

  it('lists activities without who and why', () => {
    const [activity] = stored(fullDialog).activities;
    if (activity === undefined) throw new Error('The example has activities.');
    expect(activityListItem(activity)).not.toHaveProperty('performedBy');
    expect(activityListItem(activity)).not.toHaveProperty('description');
  });
});
