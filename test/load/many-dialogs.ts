import { withClient } from '@dialog/local/database';
import { manyParties, organisations } from './organisations.ts';

/** How the dialogs of {@link storeManyDialogs} are spread. */
export type ManyDialogs = {
  /** The first has a tenth of all dialogs, the others share the rest evenly. */
  parties: readonly string[];
  /** Each has half as many dialogs as the one before. */
  resources: readonly string[];
};

/** When the first of them was created; each of the others a minute after the one before. */
export const firstCreatedAt = Date.parse('2024-01-01T00:00:00Z');
export const minuteMs = 60_000;

const org = 'skd';
const partyCount = 20_000;
const resourceCount = 8;
/** Dialogs of one statement: less than a second or two, so that progress shows. */
const chunk = 20_000;
const connections = 2;
/** Over how long a time {@link storeYears} has them come in, at most; all before today. */
const yearsSeconds = 2.5 * 365 * 86_400;

/**
 * Puts dialogs of one organisation into a database by statements that each make thousands, as no client could send them
 * in the time. They lie a minute apart; the content of some was updated weeks later. Every tenth is archived and has
 * labels, a few are in the bin, every third is due some day, every hundredth is deleted, and each has an activity.
 *
 * The numbers are scattered by a hash, the same in each run.
 */
export async function storeManyDialogs(
  databaseUrl: string,
  count: number,
  say: (line: string) => void,
): Promise<ManyDialogs> {
  const parties = organisations(91_000_000, partyCount);
  const resources = Array.from({ length: resourceCount }, (_, index) =>
    index === 0 ? 'urn:altinn:resource:skd-tax-return' : `urn:altinn:resource:skd-service-${index}`,
  );
  const party = `1 + case when ${scattered(1, '10')} = 0 then 0 else ${scattered(2, 'cardinality($4::text[])')} end`;
  await storeSpread(databaseUrl, { parties, resources, first: 0, count, party, resource: halving }, say);
  return { parties, resources };
}

/** Which dialogs to make, and of whom. */
type Spread = {
  parties: readonly string[];
  resources: readonly string[];
  /** Number of the first one; no number may be used twice in a database. */
  first: number;
  count: number;
  /** SQL for the place, from 1, of a dialog's party and service resource, by the dialog's number `n`. */
  party: string;
  resource: string;
  /** Seconds from the creation of one to that of the next, if not a minute. */
  stepSeconds?: number;
  /** Whether each has a transmission and a second activity, too. */
  withChildren?: boolean;
  /** Whether indexes are made when all is stored: faster where there is nothing yet. */
  indexesLast?: boolean;
};

/** As {@link storeManyDialogs}, of these parties and service resources. */
export async function storeSpread(databaseUrl: string, spread: Spread, say: (line: string) => void): Promise<void> {
  const { parties, resources, first, count, stepSeconds = minuteMs / 1_000 } = spread;
  const startedAt = performance.now();
  const indexes = spread.indexesLast === true ? await dropIndexes(databaseUrl) : [];
  let next = first;
  let stored = 0;
  let told = 0;
  await atOnce(databaseUrl, async (client) => {
    while (next < first + count) {
      const from = next;
      next += chunk;
      const last = Math.min(next, first + count) - 1;
      await client.query(insertDialogs(spread), [from, last, org, parties, resources, first, stepSeconds]);
      await client.query(insertActivities('DialogCreated', 1), [from, last, first, stepSeconds]);
      if (spread.withChildren === true) {
        await client.query(insertActivities('Information', 2), [from, last, first, stepSeconds]);
        await client.query(insertTransmissions, [from, last, first, stepSeconds]);
      }
      stored += last - from + 1;
      if (stored < count && performance.now() - told < 10_000) continue;
      told = performance.now();
      say(`${stored} dialogs after ${((told - startedAt) / 1000).toFixed(0)} s`);
    }
  });
  await atOnce(databaseUrl, async (client) => {
    await client.query(`set maintenance_work_mem = '1GB'`);
    for (let index = indexes.pop(); index !== undefined; index = indexes.pop()) await client.query(index);
  });
  await withClient(databaseUrl, async (client) => {
    await client.query(insertPairs);
    await client.query('vacuum (analyze) dialog, dialog_activity, dialog_transmission, party_resource');
  });
  say(`stored and analysed after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
}

/** As {@link storeManyDialogs}, with children, for many people: as what has come in through the years. */
export async function storeYears(databaseUrl: string, count: number, say: (line: string) => void): Promise<void> {
  const resources = ['urn:altinn:resource:skd-tax-return', 'urn:altinn:resource:skd-vat-return'];
  const spread = { parties: manyParties(), party: `1 + ${scattered(2, 'cardinality($4::text[])')}`, resources };
  const stepSeconds = Math.floor(yearsSeconds / count);
  await storeSpread(
    databaseUrl,
    { ...spread, resource: halving, first: 0, count, stepSeconds, withChildren: true, indexesLast: true },
    say,
  );
}

type Client = Parameters<Parameters<typeof withClient>[1]>[0];

async function atOnce(databaseUrl: string, work: (client: Client) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: connections }, () => withClient(databaseUrl, work)));
}

/** Of dialogs, but for unique ones. @returns the statements that make them anew */
async function dropIndexes(databaseUrl: string): Promise<string[]> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ name: string; definition: string }>(`
      select indexrelid::regclass::text as name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') as definition
      from pg_index where indrelid = 'dialog'::regclass and not indisunique
    `);
    for (const { name } of rows) await client.query(`drop index ${name}`);
    return rows.map(({ definition }) => definition);
  });
}

/** The id of a dialog by its number, and of its activity: a UUIDv7 of no particular time. */
const idOf = (kind: number) => `('019c0000-0000-7${kind}00-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;

/** A number from 0 up to a limit, another for each dialog and purpose. */
export const scattered = (purpose: number, limit: string) =>
  `(abs(hashint8(n * 16 + ${purpose})::bigint) % (${limit}))`;

/** Half of the dialogs are of the first service resource, a quarter of the second, and so on. */
export const halving = `
  1 + least(floor(-log(2, (1 + ${scattered(6, '1000000')}) / 1000000.0)), cardinality($5::text[]) - 1)::int`;

/** When a dialog was created, by its number, that of the first, and the seconds between them. */
const createdAt = (first: string, stepSeconds: string) =>
  `to_timestamp(${firstCreatedAt / 1000} + (n - ${first}::bigint) * ${stepSeconds}::int)`;

const inTwoLanguages = (nb: string, en: string) => `
  jsonb_build_object('mediaType', 'text/plain', 'value', jsonb_build_array(
    jsonb_build_object('languageCode', 'nb', 'value', ${nb}), jsonb_build_object('languageCode', 'en', 'value', ${en})
  ))`;

const insertDialogs = ({ party, resource }: Pick<Spread, 'party' | 'resource'>) => `
  insert into dialog (
    id, org, party, service_resource, service_resource_type, revision, status, progress, external_reference,
    is_api_only, due_at, created_at, updated_at, content_updated_at, deleted_at, frozen, content, attachments,
    gui_actions, api_actions, search_tags, system_labels, end_user_context_revision, service_owner_labels,
    service_owner_context_revision, content_seen, from_service_owner_transmissions_count, from_party_transmissions_count,
    unopened_transmissions_count, contentless_transmissions_count, correspondence_opened
  )
  select
    ${idOf(0)},
    $3,
    parties.party,
    ($5::text[])[${resource}],
    'genericaccessresource',
    gen_random_uuid(),
    (array['NotApplicable', 'Draft', 'InProgress', 'RequiresAttention', 'Completed'])[1 + ${scattered(3, '5')}],
    null,
    'return-' || n,
    false,
    case when n % 3 = 0 then created_at + ${scattered(4, '90')} * interval '1 day' end,
    created_at,
    content_updated_at + ${scattered(5, '3')} * interval '1 hour',
    content_updated_at,
    case when n % 100 = 0 then content_updated_at end,
    false,
    jsonb_build_object(
      'title', ${inTwoLanguages("'Skattemeldingen for innsender ' || n || ' er klar'", "'The tax return of sender ' || n || ' is ready'")},
      'summary', ${inTwoLanguages("'Se over og lever innen fristen'", "'Look it over and submit it before the deadline'")}
    ),
    '[]', '[]', '[]',
    '{skatt,skattemelding}',
    case when n % 10007 = 5 then '{Bin}'::text[] when n % 10 = 0 then '{Archive}' else '{Default}' end,
    gen_random_uuid(),
    case when n % 10 = 0 then array['case:' || n / 100, 'batch:' || n % 7] else '{}' end,
    gen_random_uuid(),
    ${scattered(9, '2')} = 0,
    1, 0, 1, 0, false
  from generate_series($1::bigint, $2::bigint) as n
  join unnest($4::text[]) with ordinality as parties (party, place) on parties.place = ${party}
  cross join lateral (select ${createdAt('$6', '$7')} as created_at) as created
  cross join lateral (
    select case when n % 4 = 0 then created_at + ${scattered(7, '60')} * interval '1 day' else created_at end
      as content_updated_at
  ) as updated
`;

const insertActivities = (type: string, kind: number) => `
  insert into dialog_activity (dialog_id, id, created_at, type, performed_by)
  select ${idOf(0)}, ${idOf(kind)}, ${createdAt('$3', '$4')}, '${type}',
    '{"actorType": "ServiceOwner", "actorId": null, "actorName": null}'
  from generate_series($1::bigint, $2::bigint) as n
`;

const insertTransmissions = `
  insert into dialog_transmission (
    dialog_id, id, created_at, type, depth, replies_count, opened, sender, content, attachments, navigational_actions
  )
  select ${idOf(0)}, ${idOf(3)}, ${createdAt('$3', '$4')}, 'Information', 1, 0, false,
    '{"actorType": "ServiceOwner", "actorId": null, "actorName": null}',
    '{"title": {"mediaType": "text/plain", "value": [{"languageCode": "nb", "value": "Skattemelding"}]}}', '[]', '[]'
  from generate_series($1::bigint, $2::bigint) as n
`;

const insertPairs = `
  insert into party_resource (party, service_resource) select distinct party, service_resource from dialog
  on conflict do nothing
`;
