import { searchLimits } from '@dialog/contracts/search-limits';
import { limitDefault, limitMax } from './read-request.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const instant = { type: 'string', format: 'date-time' } as const;
const statuses = ['NotApplicable', 'Draft', 'InProgress', 'Awaiting', 'RequiresAttention', 'Completed'];
const labels = ['Default', 'Bin', 'Archive', 'MarkedAsUnopened', 'Sent'];
const { maxPartyFilterValues, maxServiceResourceFilterValues, maxExtendedStatusFilterValues } =
  searchLimits.serviceOwnerSearch;

/** A parameter of the query of a list, for readers. */
function inQuery(name: string, schema: object, description: string) {
  return { name, in: 'query', schema, description } as const;
}

function listOf(items: object, maxItems?: number) {
  return { type: 'array', items, ...(maxItems !== undefined && { maxItems }) } as const;
}

function oneOf(names: readonly string[]) {
  return { type: 'string', enum: [...names] } as const;
}

function range(prefix: string, member: string) {
  return [
    inQuery(`${prefix}After`, instant, `\`${member}\` is then or later.`),
    inQuery(`${prefix}Before`, instant, `\`${member}\` is then or earlier.`),
  ];
}

const paging = [
  inQuery('continuationToken', text, 'That of the page before, for the next one.'),
  inQuery('limit', { type: 'integer', minimum: 1, maximum: limitMax, default: limitDefault }, 'Items in a page.'),
];

export const searchParameters = [
  inQuery('serviceResource', listOf(text, maxServiceResourceFilterValues), 'One of them. URNs.'),
  inQuery('party', listOf(text, maxPartyFilterValues), 'One of them.'),
  inQuery('endUserId', text, 'Only what this person may see. Needs `party` or `serviceResource`.'),
  inQuery('extendedStatus', listOf(text, maxExtendedStatusFilterValues), 'One of them.'),
  inQuery('externalReference', text, 'Exactly this.'),
  inQuery('status', listOf(oneOf(statuses)), 'One of them.'),
  inQuery('deleted', { ...oneOf(['Exclude', 'Include', 'Only']), default: 'Exclude' }, 'What of deleted dialogs.'),
  ...range('created', 'createdAt'),
  ...range('updated', 'updatedAt'),
  ...range('contentUpdated', 'contentUpdatedAt'),
  ...range('due', 'dueAt'),
  ...range('visible', 'visibleFrom'),
  inQuery('isContentSeen', flag, 'Whether an end user has seen the content as it is now.'),
  inQuery('process', { type: 'string', format: 'uri-reference' }, 'Exactly this.'),
  inQuery('systemLabel', listOf(oneOf(labels)), 'All of them.'),
  inQuery('excludeApiOnly', flag, 'Whether to leave out dialogs that are for APIs only.'),
  inQuery('search', { type: 'string', minLength: 3 }, 'Words, all of them in some text. Needs `endUserId`.'),
  inQuery('searchLanguageCode', text, 'The language of `search`. Without, the words are read in several.'),
  inQuery(
    'serviceOwnerLabels',
    listOf({ type: 'string', minLength: 3, maxLength: 255 }),
    'All of them. A `*` at the end of a label stands for any ending.',
  ),
  inQuery(
    'orderBy',
    { type: 'string', default: 'contentUpdatedAt_desc,id_desc' },
    'Between commas: `contentUpdatedAt`, `updatedAt`, `createdAt`, `dueAt` or `id`, each with `_asc` or `_desc`.',
  ),
  ...paging,
];

const { endUserSearch: endUserLimits } = searchLimits;

export const endUserSearchParameters = [
  inQuery('serviceResource', listOf(text, endUserLimits.maxServiceResourceFilterValues), 'One of them. URNs.'),
  inQuery(
    'party',
    listOf(text, endUserLimits.maxPartyFilterValues),
    'One of them. This or `serviceResource` is needed.',
  ),
  inQuery('org', listOf(text, endUserLimits.maxOrgFilterValues), 'One of them.'),
  inQuery('extendedStatus', listOf(text, endUserLimits.maxExtendedStatusFilterValues), 'One of them.'),
  inQuery('externalReference', text, 'Exactly this.'),
  inQuery('status', listOf(oneOf(statuses)), 'One of them.'),
  ...range('created', 'createdAt'),
  ...range('updated', 'updatedAt'),
  ...range('contentUpdated', 'contentUpdatedAt'),
  ...range('due', 'dueAt'),
  inQuery('isContentSeen', flag, 'Whether an end user has seen the content as it is now.'),
  inQuery('process', { type: 'string', format: 'uri-reference' }, 'Exactly this.'),
  inQuery('systemLabel', listOf(oneOf(labels)), 'All of them.'),
  inQuery('excludeApiOnly', flag, 'Whether to leave out dialogs that are for APIs only.'),
  inQuery(
    'search',
    { type: 'string', minLength: 3 },
    'Words, and phrases in quotation marks; one of them is enough. With `-` before one it must not be there, and all count.',
  ),
  inQuery('searchLanguageCode', text, 'The language of `search`. Without, the words are read in several.'),
  inQuery(
    'orderBy',
    { type: 'string', default: 'contentUpdatedAt_desc,id_desc' },
    'Between commas: `contentUpdatedAt`, `updatedAt`, `createdAt`, `dueAt` or `id`, each with `_asc` or `_desc`.',
  ),
  ...paging,
];

/** For lists of what else there is at a party. */
export const partyFilter = inQuery(
  'party',
  { ...listOf(text, endUserLimits.maxPartyFilterValues), minItems: 1 },
  'At one of them. Those that are none of the end user’s count for nothing.',
);

export const endUserContextParameters = [
  { ...inQuery('party', listOf(text, maxPartyFilterValues), 'One of them.'), required: true },
  inQuery('label', listOf(oneOf(labels)), 'Any of them.'),
  inQuery('contentUpdatedAfter', instant, '`contentUpdatedAt` is then or later.'),
  ...paging,
];
