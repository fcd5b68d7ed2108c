import { deletedFilter, dialogStatus, systemLabel } from '@dialog/contracts/enumerations';
import { parseLanguageCode } from '@dialog/contracts/language-code';
import { parseFilteredParty, parseParty } from '@dialog/contracts/party';
import { searchLimits } from '@dialog/contracts/search-limits';
import { parseUri, urlLengthMax } from '@dialog/contracts/url';
import type { Validated } from '@dialog/contracts/validate';
import type { DialogFilter, LabelPattern, Range } from './filter.ts';
import type { PageRequest } from './find-page.ts';
import { type FreeText, freeText, freeTextAlternatives } from './free-text.ts';
import { defaultOrder, type Order, type Position, parseOrder, parseToken } from './order.ts';
import { QueryParameters } from './query-parameters.ts';

export const limitMax = 1_000;
export const limitDefault = 100;
/** Shortest text to search for, and shortest and longest label, in UTF-16 code units. */
const searchLengthMin = 3;
const labelLengthMin = 3;
const labelLengthMax = 255;

const noParty = 'Not the identifier of a person or an organisation.';

/** What a request asks for. The token is what the caller sent, for a page that turns out empty. */
export type ListRequest = { page: PageRequest; token: string | undefined };

/** Who searches: an organisation, for itself or on behalf of an end user. */
type Searcher = { org: string; endUserId: string | null };

/** Reads the query of a search for dialogs (service owner API, section 17.1). Everything that is wrong is told at once. */
export function readSearchRequest(url: string, { org, endUserId }: Searcher): Validated<ListRequest> {
  const query = new QueryParameters(url);
  const limits = endUserId === null ? searchLimits.serviceOwnerSearch : searchLimits.endUserSearch;
  const filter: DialogFilter = {
    orgs: [org],
    parties: parties(query, limits.maxPartyFilterValues),
    serviceResources: counted(query, 'serviceResource', limits.maxServiceResourceFilterValues).map(inLowerCase),
    extendedStatuses: counted(query, 'extendedStatus', limits.maxExtendedStatusFilterValues),
    deleted: query.enumeration('deleted', deletedFilter) ?? 'Exclude',
    ...contentFilter(query),
    visibleFrom: range(query, 'visibleAfter', 'visibleBefore'),
    freeTexts: searchedFor(query, endUserId),
    serviceOwnerLabels: labelPatterns(query),
  };
  if (endUserId !== null && filter.parties.length === 0 && filter.serviceResources.length === 0) {
    query.refuse('endUserId', 'Needs a party or a serviceResource as well.');
  }
  const order = orderOf(query);
  return listRequest(query, filter, order);
}

/** Reads the query of an end user's search (end-user API, section 10.2). What may be found is settled elsewhere. */
export function readEndUserSearchRequest(url: string): Validated<ListRequest> {
  const query = new QueryParameters(url);
  const limits = searchLimits.endUserSearch;
  const searched = searchText(query);
  const filter: DialogFilter = {
    orgs: counted(query, 'org', limits.maxOrgFilterValues),
    parties: parties(query, limits.maxPartyFilterValues, parseFilteredParty),
    serviceResources: counted(query, 'serviceResource', limits.maxServiceResourceFilterValues).map(inLowerCase),
    extendedStatuses: counted(query, 'extendedStatus', limits.maxExtendedStatusFilterValues),
    deleted: 'Exclude',
    ...contentFilter(query),
    freeTexts: searched && freeTextAlternatives(searched.text, searched.language),
  };
  if (query.list('party').length === 0 && filter.serviceResources.length === 0) {
    query.refuse('', 'Either party or serviceResource must be given.');
  }
  // Of a service owner, one without text counts as left out.
  if (query.list('orderBy').includes('')) query.refuse('orderBy', orderRule);
  return listRequest(query, filter, orderOf(query));
}

/** What both kinds of callers may ask of the dialogs that they search for. */
function contentFilter(query: QueryParameters) {
  return {
    externalReference: query.text('externalReference'),
    statuses: query.enumerations('status', dialogStatus),
    createdAt: range(query, 'createdAfter', 'createdBefore'),
    updatedAt: range(query, 'updatedAfter', 'updatedBefore'),
    contentUpdatedAt: range(query, 'contentUpdatedAfter', 'contentUpdatedBefore'),
    dueAt: range(query, 'dueAfter', 'dueBefore'),
    isContentSeen: query.boolean('isContentSeen'),
    process: processUri(query),
    systemLabels: { labels: query.enumerations('systemLabel', systemLabel), match: 'all' as const },
    excludeApiOnly: query.boolean('excludeApiOnly'),
  };
}

/** Reads the query of a search for end-user contexts (section 31). */
export function readEndUserContextRequest(url: string, org: string): Validated<ListRequest> {
  const query = new QueryParameters(url);
  const filter: DialogFilter = {
    orgs: [org],
    parties: parties(query, searchLimits.serviceOwnerSearch.maxPartyFilterValues),
    serviceResources: [],
    deleted: 'Include',
    contentUpdatedAt: { after: query.timestamp('contentUpdatedAfter') },
    systemLabels: { labels: query.enumerations('label', systemLabel), match: 'any' },
  };
  if (query.list('party').length === 0) query.refuse('party', 'Is required.');
  return listRequest(query, filter, defaultOrder);
}

/** Reads to which parties an end user narrows a list down (end-user API, section 14): none, if there is no `party` at all. */
export function readPartyFilter(url: string): Validated<string[]> {
  const query = new QueryParameters(url);
  const max = searchLimits.endUserSearch.maxPartyFilterValues;
  const given = query.list('party');
  if (query.has('party') && (given.length === 0 || given.length > max)) {
    query.refuse('parties.Length', `From 1 to ${max} values, there are ${given.length}.`);
  }
  const named = given.flatMap((text, index) => {
    return parseFilteredParty(text) ?? query.refuse(`parties[${index}]`, noParty) ?? [];
  });
  return query.isValid ? { ok: true, value: named } : { ok: false, errors: query.errors };
}

function listRequest(query: QueryParameters, filter: DialogFilter, order: Order | undefined): Validated<ListRequest> {
  const token = query.text('continuationToken');
  const after = token === undefined || order === undefined ? null : position(query, token, order);
  const limit = query.integer('limit', 1, limitMax) ?? limitDefault;
  if (!query.isValid || order === undefined) return { ok: false, errors: query.errors };
  return { ok: true, value: { page: { filter, order, after, limit }, token } };
}

function orderOf(query: QueryParameters): Order | undefined {
  const text = query.text('orderBy');
  if (text === undefined) return defaultOrder;
  return parseOrder(text) ?? query.refuse('orderBy', orderRule);
}

const orderRule = 'Must be known keys, each once, with _asc, _desc or nothing.';

function position(query: QueryParameters, token: string, order: Order): Position | null {
  const after = parseToken(token, order);
  if (after === undefined) query.refuse('continuationToken', 'Is no token of a page in this order.');
  return after ?? null;
}

function counted(query: QueryParameters, name: string, max: number): string[] {
  const values = query.list(name);
  if (values.length > max) query.refuse(`${name}.Count`, `At most ${max} values, there are ${values.length}.`);
  return values;
}

function parties(query: QueryParameters, max: number, parse = parseParty): string[] {
  return counted(query, 'party', max).flatMap((text, index) => {
    const party = parse(text);
    if (party === undefined) query.refuse(`party[${index}]`, noParty);
    return party ?? [];
  });
}

function range(query: QueryParameters, afterName: string, beforeName: string): Range {
  const after = query.timestamp(afterName);
  const before = query.timestamp(beforeName);
  if (after !== undefined && before !== undefined && after > before) {
    query.refuse(afterName, `Must not be later than ${beforeName}.`);
  }
  return { after, before };
}

/** In the form in which it is stored. */
function processUri(query: QueryParameters): string | undefined {
  const text = query.text('process');
  if (text === undefined) return undefined;
  const uri = text.length > urlLengthMax ? undefined : parseUri(text);
  return uri ?? query.refuse('process', `Must be a well-formed URI of at most ${urlLengthMax} characters.`);
}

/** On behalf of an end user alone, each word has to be there. */
function searchedFor(query: QueryParameters, endUserId: string | null): FreeText[] | undefined {
  const searched = searchText(query);
  if (searched !== undefined && endUserId === null) query.refuse('search', 'Needs an endUserId as well.');
  return searched && [freeText(searched.text, searched.language)];
}

function searchText(query: QueryParameters): { text: string; language: string | undefined } | undefined {
  const code = query.text('searchLanguageCode');
  const language = code === undefined ? undefined : parseLanguageCode(code);
  if (code !== undefined && language === undefined) {
    query.refuse('searchLanguageCode', 'Not a known ISO 639-1 language code. For Norwegian use nb or nn.');
  }
  const text = query.text('search');
  if (text === undefined) return undefined;
  if (text.length < searchLengthMin) query.refuse('search', `Must be at least ${searchLengthMin} characters.`);
  return { text, language };
}

function labelPatterns(query: QueryParameters): LabelPattern[] {
  return query.list('serviceOwnerLabels').map((label, index) => {
    const isPrefix = label.endsWith('*');
    const text = isPrefix ? label.slice(0, -1) : label;
    const refuse = (message: string) => query.refuse(`serviceOwnerLabels[${index}]`, message);
    if (label.length < labelLengthMin || label.length > labelLengthMax) {
      refuse(`Must be from ${labelLengthMin} to ${labelLengthMax} characters.`);
    }
    if (text.includes('*')) refuse('Only the last character may be a *.');
    return { text: inLowerCase(text), isPrefix };
  });
}

function inLowerCase(text: string): string {
  return text.toLowerCase();
}
