import type { DeletedFilter, DialogStatus, SystemLabel } from '@dialog/contracts/enumerations';
import type { Timestamp } from '@dialog/contracts/timestamp';
import { quotedLexeme } from '@dialog/database/quoted-lexeme';
import type { DB } from '@dialog/database/schema';
import { type Expression, type ExpressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely';
import { type FreeText, matchesText } from './free-text.ts';

/** Both ends belong to it; an end that is absent is open. */
export type Range = { after?: Timestamp | undefined; before?: Timestamp | undefined };

/** A label of the service owner, or how such labels begin. */
export type LabelPattern = { text: string; isPrefix: boolean };

/** What an end user may read: resources of parties, and single dialogs. Hidden are dialogs that are not visible `at`. */
export type Reach = {
  at: Timestamp;
  resourcesByParty: ReadonlyMap<string, ReadonlySet<string>>;
  dialogIds: ReadonlySet<string>;
};

/** Which dialogs a search is for. They fulfil everything; of the values in a list one is enough, where nothing is said. */
export type DialogFilter = {
  /** Whose dialogs; without any, those of all organisations. */
  orgs: readonly string[];
  /** Without: everything of the organisation. */
  reach?: Reach | undefined;
  parties: readonly string[];
  serviceResources: readonly string[];
  deleted: DeletedFilter;
  statuses?: readonly DialogStatus[];
  extendedStatuses?: readonly string[];
  externalReference?: string | undefined;
  process?: string | undefined;
  isContentSeen?: boolean | undefined;
  excludeApiOnly?: boolean | undefined;
  createdAt?: Range;
  updatedAt?: Range;
  contentUpdatedAt?: Range;
  dueAt?: Range;
  visibleFrom?: Range;
  systemLabels?: { labels: readonly SystemLabel[]; match: 'all' | 'any' };
  /** All of them. */
  serviceOwnerLabels?: readonly LabelPattern[];
  /** One of them. */
  freeTexts?: readonly FreeText[] | undefined;
};

type Builder = ExpressionBuilder<DB, 'dialog'>;
type Condition = Expression<SqlBool>;

/** The conditions of a filter, but for `parties` and `serviceResources`: they decide where dialogs are looked for. */
export function conditionsOf(eb: Builder, filter: DialogFilter): Condition[] {
  const {
    statuses = [],
    extendedStatuses = [],
    externalReference,
    process,
    systemLabels,
    reach,
    freeTexts,
    orgs,
  } = filter;
  const conditions: Condition[] = [];
  const [org, ...otherOrgs] = orgs;
  if (org !== undefined) conditions.push(eb.or([org, ...otherOrgs].map((one) => eb('dialog.org', '=', one))));
  if (filter.deleted !== 'Include') {
    conditions.push(eb('dialog.deleted_at', filter.deleted === 'Only' ? 'is not' : 'is', null));
  }
  if (statuses.length > 0) conditions.push(eb('dialog.status', 'in', statuses));
  if (extendedStatuses.length > 0) conditions.push(eb('dialog.extended_status', 'in', extendedStatuses));
  if (externalReference !== undefined) conditions.push(eb('dialog.external_reference', '=', externalReference));
  if (process !== undefined) conditions.push(eb('dialog.process', '=', process));
  if (filter.excludeApiOnly === true) conditions.push(eb('dialog.is_api_only', '=', false));
  if (filter.isContentSeen !== undefined) {
    const isSeen = sql<boolean>`(dialog.content_seen and 'MarkedAsUnopened' <> all(dialog.system_labels))`;
    conditions.push(eb(isSeen, '=', filter.isContentSeen));
  }
  conditions.push(
    ...within(eb, 'dialog.created_at', filter.createdAt),
    ...within(eb, 'dialog.updated_at', filter.updatedAt),
    ...within(eb, 'dialog.content_updated_at', filter.contentUpdatedAt),
    ...dueWithin(eb, filter.dueAt),
    ...within(eb, 'dialog.visible_from', filter.visibleFrom),
  );
  if (systemLabels !== undefined) conditions.push(...systemLabelled(systemLabels));
  conditions.push(...labelled(filter.serviceOwnerLabels ?? []));
  if (reach !== undefined) conditions.push(visibleAt(eb, reach.at));
  if (freeTexts !== undefined) conditions.push(eb.or(freeTexts.map(matchesText)));
  return conditions;
}

type TimeColumn = 'created_at' | 'updated_at' | 'content_updated_at' | 'visible_from';

function within(eb: Builder, column: `dialog.${TimeColumn}`, { after, before }: Range = {}): Condition[] {
  const conditions: Condition[] = [];
  if (after !== undefined) conditions.push(eb(column, '>=', after));
  if (before !== undefined) conditions.push(eb(column, '<=', before));
  return conditions;
}

/** When dialogs are due, as it is indexed: what is never due comes after all that is. */
export function dueOrNever(table: string): RawBuilder<Timestamp> {
  return sql`coalesce(${sql.ref(`${table}.due_at`)}, 'infinity')`;
}

function dueWithin(eb: Builder, { after, before }: Range = {}): Condition[] {
  const conditions: Condition[] = [];
  if (after !== undefined) conditions.push(eb(dueOrNever('dialog'), '>=', after), eb('dialog.due_at', 'is not', null));
  if (before !== undefined) conditions.push(eb(dueOrNever('dialog'), '<=', before));
  return conditions;
}

/** What end users see: not what is still to come, and not what has expired (service owner API, section 13.4). */
function visibleAt(eb: Builder, at: Timestamp): Condition {
  return eb.and([
    eb.or([eb('dialog.visible_from', 'is', null), eb('dialog.visible_from', '<=', at)]),
    eb.or([eb('dialog.expires_at', 'is', null), eb('dialog.expires_at', '>', at)]),
  ]);
}

/** Each label that has to be there stands by itself and in the statement's text: the labels of indexes are constants. */
function systemLabelled({ labels, match }: NonNullable<DialogFilter['systemLabels']>): Condition[] {
  if (match === 'any' && labels.length > 0) return [sql<SqlBool>`dialog.system_labels && ${labels}::text[]`];
  return labels.map((label) => sql<SqlBool>`dialog.system_labels @> array[${sql.lit(label)}]`);
}

/**
 * Labels by their index. It has each label as one lexeme, because a text search index, unlike one on an array, can look
 * up prefixes.
 */
function labelled(patterns: readonly LabelPattern[]): Condition[] {
  if (patterns.length === 0) return [];
  const query = patterns.map(({ text, isPrefix }) => `${quotedLexeme(text)}${isPrefix ? ':*' : ''}`).join(' & ');
  return [
    sql<SqlBool>`dialog.service_owner_labels <> '{}'`,
    sql<SqlBool>`array_to_tsvector(dialog.service_owner_labels) @@ ${query}::tsquery`,
  ];
}
