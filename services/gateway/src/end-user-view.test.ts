import { permissionsOf } from '@dialog/access/details-authorization';
import type { DialogView } from '@dialog/contracts/dialog-view';
import { endUserDialogView as endUserDialogViewSchema } from '@dialog/contracts/end-user-view';
import { parseTimestamp } from '@dialog/contracts/timestamp';
import { describe, expect, it } from 'vitest';
import {
  endUserActivityListItem,
  endUserDialogView,
  endUserTransmissionView,
  expiredUrl,
  maskedActorId,
  type Reader,
  unauthorizedUrl,
} from './end-user-view.ts';

const salt = Buffer.alloc(16, 7);
const person = 'urn:altinn:person:identifier-no:01817030080';
const masked = maskedActorId(person, salt);
const texts = (...codes: string[]) => codes.map((languageCode) => ({ languageCode, value: `in ${languageCode}` }));
const plain = (...codes: string[]) => ({ mediaType: 'text/plain', value: texts(...codes) });
const reference = { mediaType: 'text/markdown', value: [{ languageCode: 'nb', value: 'https://ttd.example/main.md' }] };
const past = '2026-01-01T12:00:00.0000000Z';
const now = '2026-03-01T12:00:00.0000000Z';
const id = '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e';
const url = 'https://ttd.example/a';
const attachment = (expiresAt?: string) => ({
  ...{ id, displayName: texts('nb', 'en'), urls: [{ id, url, consumerType: 'Gui' as const }], expiresAt },
});
const transmission = (authorizationAttribute?: string) => ({
  ...{ id, createdAt: past, type: 'Information' as const, authorizationAttribute, isOpened: false },
  sender: { actorType: 'PartyRepresentative' as const, actorId: person, actorName: 'Fisker Kari Anne' },
  content: { title: plain('nb', 'en'), contentReference: reference },
  attachments: [attachment(), attachment(past)],
  navigationalActions: [
    { title: texts('nb', 'en'), url },
    { title: texts('nb'), url, expiresAt: past },
  ],
});
const guiAction = (action: string, authorizationAttribute?: string) => ({
  ...{ id, action, url, authorizationAttribute, isDeleteDialogAction: false, priority: 'Primary' as const },
  ...{ httpMethod: 'GET' as const, title: texts('nb', 'en'), prompt: texts('nb', 'en') },
});
const visit = {
  ...{ id, seenAt: past, isViaServiceOwner: false, isCurrentEndUser: true },
  seenBy: { actorType: 'PartyRepresentative' as const, actorId: person, actorName: 'Fisker Kari Anne' },
};

const view: DialogView = {
  ...{ id, idempotentKey: 'key', revision: id, org: 'ttd', serviceResource: 'urn:altinn:resource:a', party: person },
  ...{ serviceResourceType: 'genericaccessresource', deletedAt: past, visibleFrom: past },
  ...{ createdAt: past, updatedAt: past, contentUpdatedAt: past, status: 'InProgress', systemLabel: 'Bin' },
  ...{ isApiOnly: false, hasUnopenedContent: false, isContentSeen: true },
  ...{ fromServiceOwnerTransmissionsCount: 1, fromPartyTransmissionsCount: 0 },
  content: {
    ...{
      title: plain('nb', 'en'),
      nonSensitiveTitle: plain('nb'),
      summary: plain('en'),
      nonSensitiveSummary: plain('en'),
    },
    mainContentReference: reference,
  },
  searchTags: [{ value: 'tag' }],
  attachments: [attachment(), attachment(past)],
  transmissions: [transmission(), transmission('part')],
  guiActions: [guiAction('write'), guiAction('sign'), guiAction('write', 'part')],
  apiActions: [
    {
      ...{ id, action: 'sign' },
      endpoints: [{ id, url, httpMethod: 'POST', documentationUrl: url, deprecated: false }],
    },
  ],
  activities: [
    {
      ...{ id, createdAt: past, type: 'Information', description: texts('nb', 'en') },
      performedBy: { actorType: 'PartyRepresentative', actorId: person, actorName: 'Fisker Kari Anne' },
    },
  ],
  ...{ seenSinceLastUpdate: [visit], seenSinceLastContentUpdate: [visit] },
  serviceOwnerContext: { revision: id, serviceOwnerLabels: [{ value: 'label' }] },
  endUserContext: { revision: id, systemLabels: ['Bin', 'MarkedAsUnopened'] },
};

/** Somebody who may do what is listed, on the dialog itself or on an attribute behind a comma. */
function reader(...permitted: string[]): Reader {
  const pairs = permitted.map((pair) => {
    const [action = '', attribute = 'main'] = pair.split(',');
    return { action, attribute };
  });
  const permissions = permissionsOf(
    pairs,
    pairs.map(() => 'Permit'),
  );
  return { permissions, languages: null, at: parseTimestamp(now) ?? throwing(), actorSalt: salt };
}

function throwing(): never {
  throw new Error('No timestamp.');
}

const urls = ({ attachments }: { attachments: { urls: { url: string }[] }[] }) =>
  attachments.flatMap((one) => one.urls.map((each) => each.url));

describe('a dialog that an end user reads', () => {
  it('has nothing that is only its service owner’s', () => {
    const shown = JSON.parse(JSON.stringify(endUserDialogView(view, reader('read'))));
    expect(endUserDialogViewSchema.omit({ dialogToken: true }).strict().parse(shown)).toEqual(shown);
    for (const hidden of [
      '"key"',
      '"tag"',
      '"label"',
      'nonSensitive',
      'deletedAt',
      'visibleFrom',
      'MarkedAs',
      '01817030080"}',
    ]) {
      expect(JSON.stringify({ ...shown, party: '' })).not.toContain(hidden);
    }
  });

  it('shows ways that are open', () => {
    const shown = endUserDialogView(view, reader('read', 'write', 'sign', 'write,part', 'transmissionread,part'));
    expect(shown.guiActions.map((action) => [action.isAuthorized, action.url])).toEqual([
      [true, url],
      [true, url],
      [true, url],
    ]);
    expect(shown.apiActions).toMatchObject([{ isAuthorized: true, endpoints: [{ url }] }]);
    expect(shown.content?.mainContentReference).toEqual({ ...reference, isAuthorized: true });
    expect(shown.transmissions.map(({ isAuthorized }) => isAuthorized)).toEqual([true, true]);
  });

  it('hides the addresses of what the reader may not use, and nothing else', () => {
    const shown = endUserDialogView(view, reader('write'));
    expect(shown.guiActions.map((action) => [action.isAuthorized, action.url])).toEqual([
      [true, url],
      [false, unauthorizedUrl],
      [false, unauthorizedUrl],
    ]);
    expect(shown.apiActions).toMatchObject([
      { isAuthorized: false, endpoints: [{ url: unauthorizedUrl, documentationUrl: url }] },
    ]);
    expect(shown.content?.mainContentReference).toEqual({
      mediaType: 'text/markdown',
      value: [{ languageCode: 'nb', value: unauthorizedUrl }],
      isAuthorized: false,
    });
    expect(shown.content?.title).toEqual(plain('nb', 'en'));
    expect(urls(shown)).toEqual([url, expiredUrl]);
  });

  it('has one text of each list, in the language that was asked for', () => {
    const shown = endUserDialogView(view, { ...reader('read'), languages: ['en', 'nb'] });
    expect(JSON.stringify({ ...shown, content: { title: shown.content?.title } })).not.toContain('in nb"},');
    expect(shown.content).toMatchObject({ title: plain('en'), summary: plain('en') });
    expect(shown.guiActions[0]).toMatchObject({ title: texts('en'), prompt: texts('en') });
    expect(shown.attachments[0]?.displayName).toEqual(texts('en'));
    expect(shown.activities[0]?.description).toEqual(texts('en'));
    expect(shown.transmissions[0]).toMatchObject({
      content: { title: plain('en') },
      attachments: [{ displayName: texts('en') }, {}],
      navigationalActions: [{ title: texts('en') }, { title: texts('nb') }],
    });
  });

  it('names persons, and keeps their numbers', () => {
    const shown = endUserDialogView(view, reader('read'));
    const actor = { actorType: 'PartyRepresentative', actorId: masked, actorName: 'Fisker Kari Anne' };
    expect(shown.activities[0]?.performedBy).toEqual(actor);
    expect(shown.transmissions[0]?.sender).toEqual(actor);
    expect(shown.seenSinceLastUpdate).toEqual([{ ...visit, seenBy: actor }]);
    expect(shown.seenSinceLastContentUpdate).toEqual([{ ...visit, seenBy: actor }]);
  });
});

describe('a transmission', () => {
  it('that is open has no way that has expired', () => {
    const shown = endUserTransmissionView(transmission(), reader('read'));
    expect(urls(shown)).toEqual([url, expiredUrl]);
    expect(shown.navigationalActions.map((action) => action.url)).toEqual([url, expiredUrl]);
    expect(shown.content?.contentReference).toEqual(reference);
  });

  it('that is closed has no way at all, expired or not, and its texts', () => {
    const shown = endUserTransmissionView(transmission('part'), reader('read'));
    expect(shown).toMatchObject({ isAuthorized: false, content: { title: plain('nb', 'en') } });
    expect(urls(shown)).toEqual([unauthorizedUrl, unauthorizedUrl]);
    expect(shown.navigationalActions.map((action) => action.url)).toEqual([unauthorizedUrl, unauthorizedUrl]);
    expect(shown.content?.contentReference?.value).toEqual([{ languageCode: 'nb', value: unauthorizedUrl }]);
  });
});

it('an activity in a list is without who did it', () => {
  const [activity] = view.activities;
  expect(activity && endUserActivityListItem(activity, { languages: null })).toEqual({
    ...{ id, createdAt: past, type: 'Information', description: texts('nb', 'en') },
  });
});

describe('the number of a person', () => {
  it('is ten digits of a hash, the same until the salt changes', () => {
    expect(masked).toMatch(/^urn:altinn:person:identifier-ephemeral:[0-9a-f]{10}$/);
    expect(maskedActorId(person, salt)).toBe(masked);
    expect(maskedActorId(person, Buffer.alloc(16, 8))).not.toBe(masked);
    expect(maskedActorId('urn:altinn:person:identifier-no:05826510058', salt)).not.toBe(masked);
  });

  it.each([
    'urn:altinn:organization:identifier-no:313007103',
    'urn:altinn:systemuser:uuid:5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c',
    'urn:altinn:person:idporten-email:kari@example.com',
    'urn:altinn:person:legacy-selfidentified:kari',
  ])('is all that is hidden: %s is not', (actorId) => {
    expect(maskedActorId(actorId, salt)).toBe(actorId);
  });
});
