import { dialogListItem, endUserContextItem, pageOf } from '@dialog/contracts/dialog-list-view';
import type { SystemLabel } from '@dialog/contracts/enumerations';
import { problem } from '@dialog/contracts/problem';
import { parseTimestamp, type Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import type { Dialog } from '@dialog/domain/dialog';
import { activityBody, content, transmissionBody } from '@dialog/domain/testing/examples';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayApp } from '../gateway-app.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from '../testing/gateway-fixture.ts';
import { type StoredDialog, storeDialogs } from '../testing/stored-dialogs.ts';

const path = '/api/v1/serviceowner/dialogs';
const scope = `${serviceProvider} ${serviceProvider}.search`;
const kari = 'urn:altinn:person:identifier-no:01817030080';
const fish = 'urn:altinn:organization:identifier-no:313007103';
const builder = 'urn:altinn:organization:identifier-no:991825827';
const permit = 'urn:altinn:resource:ttd-building-permit';
const report = 'urn:altinn:resource:ttd-catch-report';

let fixture: GatewayFixture;
let app: GatewayApp;
let db: Database;
let ids: string[];
beforeAll(async () => {
  fixture = await openGatewayFixture();
  app = await fixture.openGateway();
  db = fixture.openDatabase();
  ids = await storeDialogs(db, stored());
});
afterAll(() => fixture.close());

/** A day of March 2026. */
function day(number: number): Timestamp {
  const parsed = parseTimestamp(`2026-03-${String(number).padStart(2, '0')}T12:00:00.123456Z`);
  if (parsed === undefined) throw new Error('Not a day of March.');
  return parsed;
}

/** Dialogs that differ in what they can be told apart by. They are numbered from 0. */
function stored(): StoredDialog[] {
  const labels = (...names: SystemLabel[]) => ({ systemLabels: names });
  const differences: Partial<Dialog>[] = [
    { party: fish, serviceResource: report, status: 'Draft', externalReference: 'case 1', process: 'urn:a:b' },
    { status: 'Completed', extendedStatus: 'paid', ...labels('Archive', 'Sent'), isApiOnly: true },
    { party: kari, extendedStatus: 'sent', ...labels('Default', 'MarkedAsUnopened'), contentSeen: true },
    { serviceOwnerLabels: ['case:1', 'urgent'], dueAt: day(10), contentSeen: true },
    { serviceOwnerLabels: ['case:12', 'se%_\\\'" :*&'], dueAt: day(12), visibleFrom: day(20) },
    { deletedAt: day(9), ...labels('Bin') },
    { org: 'nav' },
    { serviceOwnerLabels: ['casein'], expiresAt: day(2) },
  ];
  return differences.map((changed, n) => ({
    body: { party: builder, serviceResource: permit },
    changed: { createdAt: day(n + 1), updatedAt: day(n + 3), contentUpdatedAt: day(n + 2), ...changed },
  }));
}

type Query = Record<string, string> | [string, string][];

async function ask(query: Query, { at = path, org = 'ttd', granted = scope } = {}): Promise<Response> {
  return app.request(`${at}?${new URLSearchParams(query)}`, { headers: await fixture.as(org, granted) });
}

const page = pageOf(dialogListItem);

async function search(query: Query, org = 'ttd') {
  const answer = await ask(query, { org });
  if (answer.status !== 200) throw new Error(await answer.text());
  const body: unknown = await answer.json();
  const parsed = page.parse(body);
  expect(parsed).toEqual(body);
  return parsed;
}

async function errorKeys(answer: Response): Promise<string[]> {
  return Object.keys(problem.parse(await answer.json()).errors ?? {});
}

describe('a search finds', () => {
  it.each<[string, Query, number[]]>([
    ['everything of the own organisation', {}, [7, 4, 3, 2, 1, 0]],
    ['those of a party', { party: fish.toUpperCase() }, [0]],
    [
      'those of several parties',
      [
        ['party', fish],
        ['party', kari],
      ],
      [2, 0],
    ],
    ['those of parties in a JSON list', { PARTY: JSON.stringify([fish, kari]) }, [2, 0]],
    ['those of a resource', { serviceResource: report }, [0]],
    [
      'those of several resources',
      [
        ['serviceResource', report],
        ['serviceResource', permit],
      ],
      [7, 4, 3, 2, 1, 0],
    ],
    ['those of a party and a resource', { party: fish, serviceResource: permit }, []],
    [
      'statuses',
      [
        ['status', 'draft'],
        ['status', '6'],
      ],
      [1, 0],
    ],
    [
      'extended statuses',
      [
        ['extendedStatus', 'paid'],
        ['extendedStatus', 'sent'],
      ],
      [2, 1],
    ],
    ['an extended status exactly', { extendedStatus: 'PAID' }, []],
    ['an external reference', { externalReference: 'case 1' }, [0]],
    ['a process', { process: 'urn:a:b' }, [0]],
    ['deleted ones too', { deleted: 'Include' }, [7, 5, 4, 3, 2, 1, 0]],
    ['deleted ones only', { deleted: 'only' }, [5]],
    ['by creation, inclusive', { createdAfter: day(2), createdBefore: day(4) }, [3, 2, 1]],
    ['by creation, to the microsecond', { createdAfter: '2026-03-02T12:00:00.123457Z', createdBefore: day(4) }, [3, 2]],
    ['by update', { updatedAfter: day(7), updatedBefore: day(7) }, [4]],
    ['by update of the content', { contentUpdatedAfter: day(6), contentUpdatedBefore: day(6) }, [4]],
    ['by due date', { dueAfter: day(1), dueBefore: day(11) }, [3]],
    ['by due date, open at one end', { dueAfter: day(11) }, [4]],
    ['by visibility', { visibleAfter: day(20) }, [4]],
    ['what has been seen', { isContentSeen: 'true' }, [3]],
    ['what has not been seen', { isContentSeen: 'false' }, [7, 4, 2, 1, 0]],
    ['a system label', { systemLabel: 'Sent' }, [1]],
    [
      'all of some system labels',
      [
        ['systemLabel', 'Sent'],
        ['systemLabel', 'archive'],
      ],
      [1],
    ],
    [
      'not any of some system labels',
      [
        ['systemLabel', 'Sent'],
        ['systemLabel', 'Default'],
      ],
      [],
    ],
    ['what is not for APIs only', { excludeApiOnly: 'true' }, [7, 4, 3, 2, 0]],
    ['what is for APIs as well', { excludeApiOnly: 'false' }, [7, 4, 3, 2, 1, 0]],
    ['a label', { serviceOwnerLabels: 'CASE:1' }, [3]],
    ['the beginning of a label', { serviceOwnerLabels: 'case:*' }, [4, 3]],
    [
      'all of some labels',
      [
        ['serviceOwnerLabels', 'case:*'],
        ['serviceOwnerLabels', 'urgent'],
      ],
      [3],
    ],
    ['the beginning of such a label', { serviceOwnerLabels: 'se%_\\\'" :*' }, [4]],
    ['no label by a pattern of SQL', { serviceOwnerLabels: 'case_1%*' }, []],
    ['the first few', { limit: '2' }, [7, 4]],
    ['in another order', { orderBy: 'createdAt_asc', limit: '3' }, [0, 1, 2]],
    ['by due date, those that have none first', { orderBy: 'dueAt,id_asc' }, [0, 1, 2, 7, 4, 3]],
  ])('%s', async (_, query, expected) => {
    expect((await search(query)).items.map(({ id }) => ids.indexOf(id))).toEqual(expected);
  });

  it('the own organisation’s alone, for administrators too', async () => {
    expect((await search({}, 'nav')).items.map(({ id }) => ids.indexOf(id))).toEqual([6]);
    const answer = await ask({}, { org: 'nav', granted: `${scope} ${serviceProvider}.admin` });
    expect(page.parse(await answer.json()).items).toHaveLength(1);
  });
});

describe('pages', () => {
  it('follow one another by their tokens, the last one’s included', async () => {
    const first = await search({ limit: '4' });
    expect(first).toMatchObject({ hasNextPage: true, orderBy: 'contentupdatedat_desc,id_desc' });
    expect(first.continuationToken).toBe(`contentupdatedat_${day(4)},id_${ids[2]}`);
    const second = await search({ limit: '4', continuationToken: first.continuationToken ?? '' });
    expect(second.items.map(({ id }) => ids.indexOf(id))).toEqual([1, 0]);
    expect(second.hasNextPage).toBe(false);
    const continuationToken = second.continuationToken ?? '';
    expect(continuationToken).toBe(`contentupdatedat_${day(2)},id_${ids[0]}`);
    expect(await search({ continuationToken })).toEqual({
      ...{ items: [], hasNextPage: false, orderBy: 'contentupdatedat_desc,id_desc', continuationToken },
    });
  });

  it('without items have no token of their own', async () => {
    expect(await search({ externalReference: 'none' })).not.toHaveProperty('continuationToken');
  });

  it('say their order in its normal form', async () => {
    expect((await search({ orderBy: 'id_asc,dueAt_ASC' })).orderBy).toBe('dueat_asc,id_asc');
  });
});

it('shows of a dialog what belongs in a list', async () => {
  const performedBy = { actorType: 'PartyRepresentative' as const, actorId: null, actorName: 'Kari' };
  const gui = { id: null, url: 'https://example.no/', mediaType: null, consumerType: 'Gui' as const };
  const attachment = { id: null, displayName: null, name: null, expiresAt: null, urls: [gui] };
  const [id = ''] = await storeDialogs(db, [
    {
      body: {
        party: fish,
        // Its resource wants readers to be authenticated.
        content: { ...content('Varsel'), nonSensitiveTitle: content('Post').title },
        attachments: [attachment, attachment, { ...attachment, urls: [{ ...gui, consumerType: 'Api' as const }] }],
        transmissions: [transmissionBody({ type: 'Submission' })],
        activities: [
          activityBody({ type: 'DialogOpened', createdAt: day(8), performedBy }),
          activityBody({ type: 'FormSaved', createdAt: day(9), performedBy }),
          activityBody({ type: 'FormSubmitted', createdAt: day(9), performedBy }),
        ],
      },
      changed: { org: 'digdir', externalReference: 'listed', contentUpdatedAt: day(4), updatedAt: day(6) },
    },
  ]);
  const seen = async (seenAt: Timestamp, actorId: string) => {
    const seenBy = JSON.stringify({ actorType: 'PartyRepresentative', actorId, actorName: 'Kari' });
    const values = { dialog_id: id, id: sql<string>`gen_random_uuid()`, seen_at: seenAt, actor_id: actorId };
    const row = { ...values, seen_by: seenBy, is_via_service_owner: false };
    await db.insertInto('dialog_seen_log').values(row).execute();
  };
  for (const [seenAt, by] of [
    [day(3), fish],
    [day(4), kari],
    [day(5), builder],
    [day(6), builder],
  ] as const) {
    await seen(seenAt, by);
  }
  const { items } = await search({ externalReference: 'listed' }, 'digdir');
  expect(items).toHaveLength(1);
  const [item] = items;
  expect(item).toMatchObject({
    ...{
      id,
      org: 'digdir',
      guiAttachmentCount: 2,
      fromPartyTransmissionsCount: 1,
      content: { title: { value: [{ value: 'Post' }] } },
    },
    latestActivity: { type: 'FormSubmitted', createdAt: day(9), description: [], performedBy: { actorName: 'Kari' } },
  });
  expect(item?.seenSinceLastContentUpdate.map(({ seenAt, seenBy }) => [seenAt, seenBy.actorId])).toEqual([
    ...[
      [day(4), kari],
      [day(6), builder],
    ],
  ]);
  expect(item?.seenSinceLastUpdate.map(({ seenAt }) => seenAt)).toEqual([day(6)]);
});

describe('a search on behalf of an end user', () => {
  const found = async (query: Record<string, string>) => {
    const { items } = await search({ ...query, endUserId: kari });
    return items.map(({ id }) => ids.indexOf(id));
  };

  it('finds what the person may see, as far as it is visible', async () => {
    expect(await found({ serviceResource: permit })).toEqual([2]);
    expect(await found({ party: fish })).toEqual([0]);
    expect(await found({ party: builder })).toEqual([]);
    expect(await found({ serviceResource: report })).toEqual([0]);
  });

  it('looks for words', async () => {
    expect(await found({ party: fish, search: 'byggesøknader' })).toEqual([0]);
    expect(await found({ party: fish, search: 'byggesøknad mangler', searchLanguageCode: 'nb' })).toEqual([]);
  });

  it('needs more than the person', async () => {
    expect(await errorKeys(await ask({ endUserId: kari }))).toEqual(['endUserId']);
    expect(await errorKeys(await ask({ endUserId: fish, party: fish }))).toEqual(['EndUserId']);
  });
});

describe('a search is refused', () => {
  it('with everything that is wrong', async () => {
    const answer = await ask({ party: 'x', limit: '0', status: 'x', createdAfter: 'x' });
    expect(answer.status).toBe(400);
    expect(await errorKeys(answer)).toEqual(['party[0]', 'status', 'createdAfter', 'limit']);
  });

  it('without its scope, with no body', async () => {
    for (const at of [path, `${path}/endusercontext`]) {
      const answer = await ask({ party: 'x' }, { at, granted: serviceProvider });
      expect([answer.status, await answer.text()]).toEqual([403, '']);
    }
  });
});

describe('end-user contexts', () => {
  const at = `${path}/EndUserContext`;
  const contexts = pageOf(endUserContextItem);

  async function list(query: Query) {
    const answer = await ask(query, { at });
    if (answer.status !== 200) throw new Error(await answer.text());
    const body: unknown = await answer.json();
    const parsed = contexts.parse(body);
    expect(parsed).toEqual(body);
    return parsed;
  }

  it.each<[string, Query, number[]]>([
    ['of a party, deleted dialogs too', { party: builder }, [7, 5, 4, 3, 1]],
    [
      'of several parties',
      [
        ['party', kari],
        ['party', fish],
      ],
      [2, 0],
    ],
    [
      'with any of some labels',
      [
        ['party', builder],
        ['label', 'Bin'],
        ['label', 'Sent'],
      ],
      [5, 1],
    ],
    ['whose content was updated lately', { party: builder, contentUpdatedAfter: day(7) }, [7, 5]],
  ])('are those %s', async (_, query, expected) => {
    expect((await list(query)).items.map(({ dialogId }) => ids.indexOf(dialogId))).toEqual(expected);
  });

  it('have a token as long as more follow', async () => {
    const first = await list({ party: builder, limit: '3' });
    expect(first).toMatchObject({ hasNextPage: true, orderBy: 'contentupdatedat_desc,id_desc' });
    expect(first.items[1]).toEqual({
      ...{ dialogId: ids[5], endUserContextRevision: expect.any(String), systemLabels: ['Bin'] },
    });
    const second = await list({ party: builder, limit: '3', continuationToken: first.continuationToken ?? '' });
    expect(second.items.map(({ dialogId }) => ids.indexOf(dialogId))).toEqual([3, 1]);
    expect(second).not.toHaveProperty('continuationToken');
  });

  it('need a party', async () => {
    const answer = await ask({}, { at });
    expect([answer.status, await errorKeys(answer)]).toEqual([400, ['party']]);
  });
});
