import { dialogListItem as itemSchema } from '@dialog/contracts/dialog-list-view';
import { parseTimestamp, type Timestamp } from '@dialog/contracts/timestamp';
import { content, createDialog, id } from '@dialog/domain/testing/examples';
import { given } from '@dialog/domain/testing/given';
import { describe, expect, it } from 'vitest';
import type { ShownVisit } from '../read-dialog.ts';
import type { ListedDialog } from './list-dialogs.ts';
import { dialogListItem, findSensitiveResources } from './list-item.ts';

const kari = 'urn:altinn:person:identifier-no:01817030080';
const resource = 'urn:altinn:resource:ttd-building-permit';
const nobody = { endUserId: null, sensitiveResources: new Set<string>() };
const inSecret = { endUserId: null, sensitiveResources: new Set([resource]) };

function minute(number: number): Timestamp {
  const parsed = parseTimestamp(`2026-03-01T12:${String(number).padStart(2, '0')}:00Z`);
  if (parsed === undefined) throw new Error('Not a minute.');
  return parsed;
}

function listed(changed: Partial<ListedDialog> = {}): ListedDialog {
  const dialog = given(createDialog({ serviceResource: resource })).dialog();
  return { ...dialog, guiAttachmentCount: 0, latestActivity: null, lastVisits: [], ...changed };
}

/** As it arrives at the caller. */
function shown(dialog: ListedDialog, context = nobody): Record<string, unknown> {
  const item = JSON.parse(JSON.stringify(dialogListItem(dialog, context)));
  expect(itemSchema.parse(item)).toEqual(item);
  return item;
}

function text(value: string) {
  return { mediaType: 'text/plain', value: [{ languageCode: 'nb', value }] };
}

const discreet = { ...content('Sykmelding'), nonSensitiveTitle: text('Melding'), additionalInfo: text('Mer') };

describe('an item of a list', () => {
  it('has nothing of what only the dialog itself shows', () => {
    expect(Object.keys(shown(listed())).sort()).toEqual([
      ...['content', 'contentUpdatedAt', 'createdAt', 'endUserContext', 'fromPartyTransmissionsCount'],
      ...['fromServiceOwnerTransmissionsCount', 'guiAttachmentCount', 'hasUnopenedContent', 'id', 'isApiOnly'],
      ...['isContentSeen', 'org', 'party', 'revision', 'seenSinceLastContentUpdate', 'seenSinceLastUpdate'],
      ...['serviceOwnerContext', 'serviceResource', 'serviceResourceType', 'status', 'systemLabel', 'updatedAt'],
    ]);
  });

  it('shows the title and summary for others where readers need a level of authentication', () => {
    expect(shown(listed({ content: discreet })).content).toEqual({ title: text('Sykmelding') });
    expect(shown(listed({ content: discreet }), inSecret).content).toEqual({ title: text('Melding') });
    const summed = { ...discreet, summary: text('Rygg'), nonSensitiveSummary: text('Helse') };
    expect(shown(listed({ content: summed })).content).toEqual({ title: text('Sykmelding'), summary: text('Rygg') });
    expect(shown(listed({ content: summed }), inSecret).content).toEqual({
      title: text('Melding'),
      summary: text('Helse'),
    });
    expect(shown(listed({ content: content('Alt') }), inSecret).content).toEqual({ title: text('Alt') });
    expect(shown(listed({ content: null }), inSecret)).not.toHaveProperty('content');
  });

  it('has the latest activity, whose description is a list even when there is none', () => {
    const activity = {
      ...{ id: id(7), createdAt: minute(1), type: 'FormSubmitted' as const, extendedType: null, transmissionId: null },
      performedBy: { actorType: 'ServiceOwner' as const, actorId: null, actorName: null },
    };
    expect(shown(listed({ latestActivity: { ...activity, description: null } })).latestActivity).toEqual({
      ...{ id: id(7), createdAt: minute(1), type: 'FormSubmitted', performedBy: { actorType: 'ServiceOwner' } },
      description: [],
    });
  });

  it('tells who has seen it since it was updated, and which of them the end user is', () => {
    const visit = (number: number, seenAt: Timestamp, actorId: string): ShownVisit => ({
      ...{ id: id(number), seenAt, isViaServiceOwner: false },
      seenBy: { actorType: 'PartyRepresentative', actorId, actorName: 'Kari' },
    });
    const lastVisits = [visit(2, minute(5), kari), visit(1, minute(9), 'c'), visit(3, minute(9), 'b')];
    const dialog = listed({ contentUpdatedAt: minute(5), updatedAt: minute(9), lastVisits });
    const item = itemSchema.parse(dialogListItem(dialog, { ...nobody, endUserId: kari }));
    expect(item.seenSinceLastContentUpdate.map((seen) => [seen.id, seen.isCurrentEndUser])).toEqual([
      ...[
        [id(2), true],
        [id(1), false],
        [id(3), false],
      ],
    ]);
    expect(item.seenSinceLastUpdate.map((seen) => seen.id)).toEqual([id(1), id(3)]);
  });
});

it('asks once for each resource whether its dialogs are sensitive', async () => {
  const asked: string[] = [];
  const levels: Record<string, number> = { a: 0, b: 3 };
  const minimumLevelOf = async (urn: string) => {
    asked.push(urn);
    return levels[urn];
  };
  const dialogs = ['a', 'b', 'b', 'c'].map((serviceResource) => listed({ serviceResource }));
  expect(await findSensitiveResources({ minimumLevelOf }, dialogs)).toEqual(new Set(['b']));
  expect(asked).toEqual(['a', 'b', 'c']);
});
