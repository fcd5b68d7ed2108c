import { operation } from '@dialog/contracts/operation';
import { problem } from '@dialog/contracts/problem';
import { z } from '@hono/zod-openapi';

/**
 * What the descriptions of routes have in common.
 *
 * Routes are described for readers and for client generators; they are not validated by their description. The shape of
 * a body is known to the validation of contracts, which reports everything that is wrong at once and in the keys of this
 * API, and a body is read once.
 */

/** Every route of service owners. */
export const byServiceOwner = { tags: ['Serviceowner'], security: [{ maskinporten: [] }] };

/** Every route of end users. */
export const byEndUser = { tags: ['Enduser'], security: [{ endUser: [] }] };

/** Every route of end users that takes a dialog token instead of theirs. */
export const byDialogToken = { tags: ['Enduser'], security: [{ dialogToken: [] }] };

/** Every route that needs no token. Says so: without a list, some generators take it that a token is needed. */
export const byAnybody = { tags: ['Metadata'], security: [] };

const uuid = { type: 'string', format: 'uuid' } as const;

/** An id in the path. */
export function idInPath(name: string, description: string) {
  return { name, in: 'path', required: true, description, schema: uuid } as const;
}

export const dialogIdInPath = idInPath('dialogId', 'The dialog.');

export const ifMatchHeader = {
  name: 'If-Match',
  in: 'header',
  description: 'Revision that the caller last saw, with or without double quotes. If it is another by now: 412.',
  schema: uuid,
} as const;

export const isSilentUpdateQuery = {
  name: 'isSilentUpdate',
  in: 'query',
  description: 'Change without moving `updatedAt` and `contentUpdatedAt`, and without events.',
  schema: { type: 'boolean', default: false },
} as const;

export const preferHeader = {
  name: 'Prefer',
  in: 'header',
  description:
    'RFC 7240. `respond-async`: answer 202 as soon as the change is accepted and durable. `wait=N`: wait at most N ' +
    'seconds for the change to be done, then answer 202. Both: the same as `wait=N`.',
  schema: { type: 'string', example: 'respond-async' },
} as const;

export const acceptLanguageHeader = {
  name: 'Accept-Language',
  in: 'header',
  description:
    'Of each list of texts only the one in the best of these languages; in English or Bokmål if there is none of them, ' +
    'and all texts if there are none of those. Without the header, all.',
  schema: { type: 'string', example: 'nn, en;q=0.5' },
} as const;

export const waitHeader = {
  name: 'Prefer',
  in: 'header',
  description: '`wait=N` (RFC 7240): wait at most N seconds for the operation to end.',
  schema: { type: 'string', example: 'wait=10' },
} as const;

/** Every change of a dialog that is there. */
export const changeOfDialog = {
  ...byServiceOwner,
  parameters: [dialogIdInPath, isSilentUpdateQuery, ifMatchHeader, preferHeader],
};

/** A change of a transmission or an activity that is there. */
export function changeOfChild(idName: string, description: string) {
  const parameters = [dialogIdInPath, idInPath(idName, description), isSilentUpdateQuery, ifMatchHeader, preferHeader];
  return { ...byServiceOwner, parameters };
}

export const labelInPath = {
  name: 'label',
  in: 'path',
  required: true,
  description: 'Percent-encoded, in any casing.',
  schema: { type: 'string' },
} as const;

export const subscriptionNameInPath = {
  name: 'name',
  in: 'path',
  required: true,
  description: 'The subscription, in the casing in which it was opened.',
  schema: { type: 'string' },
} as const;

export const endUserIdQuery = {
  name: 'enduserId',
  in: 'query',
  description: 'A person on whose behalf the service owner calls: `urn:altinn:person:identifier-no:` and the number.',
  schema: { type: 'string' },
} as const;

/** Every change of labels, which stand beside the dialog and have a revision of their own. */
export const changeOfLabels = { ...byServiceOwner, parameters: [dialogIdInPath, ifMatchHeader, preferHeader] };

/** A body that is documented; reading and validating it is the handler's part. The example can be sent as it is. */
export function jsonBody(schema: z.ZodType, example: unknown, mediaTypes: readonly string[] = ['application/json']) {
  return { required: true, content: Object.fromEntries(mediaTypes.map((type) => [type, { schema, example }])) };
}

/** Parts of the examples. */
export const exampleContent = { title: { value: [{ languageCode: 'nb', value: 'Søknad om byggetillatelse' }] } };
export const exampleActor = { actorType: 'ServiceOwner' };
export const exampleEndUser = { actorType: 'PartyRepresentative', actorName: 'Kari Fisker' };

export function jsonContent(schema: z.ZodType) {
  return { 'application/json': { schema } };
}

const etag = { ETag: { description: 'The revision of the dialog.', schema: uuid } };
const location = (description: string) => ({
  Location: { description, schema: { type: 'string', format: 'uri-reference' } },
});
const retryAfter = {
  'Retry-After': { description: 'Seconds after which to try again.', schema: { type: 'integer' } },
} as const;
const preferenceApplied = {
  'Preference-Applied': { description: 'Preferences that were followed.', schema: { type: 'string' } },
} as const;

export const created = {
  description: 'Created. The body is the id.',
  headers: { ...etag, ...location('Where it can be read.') },
  content: jsonContent(z.guid().openapi({ format: 'uuid' })),
} as const;

export const changed = { description: 'Changed.', headers: etag } as const;

/** @param revision what the ETag is instead of the dialog's revision */
export function relabelled(revision: string) {
  return { description: 'Changed.', headers: { ETag: { description: revision, schema: uuid } } } as const;
}

const accepted = {
  description: 'Accepted and durable, not done yet. `Location` tells how it ends.',
  headers: { ...location('The operation.'), ...retryAfter, ...preferenceApplied },
  content: jsonContent(operation.openapi('Operation')),
} as const;

/** 200 with a JSON body. */
export function ok(schema: z.ZodType, description: string) {
  return { description, content: jsonContent(schema) };
}

/** As {@link ok}, of something that has a revision. */
export function okWithRevision(schema: z.ZodType, description: string, revision: string) {
  return { ...ok(schema, description), headers: { ETag: { description: revision, schema: uuid } } } as const;
}

const problemDetails = { 'application/problem+json': { schema: problem.openapi('ProblemDetails') } };

const problems = {
  400: 'What is wrong with the request, by member.',
  404: 'Not found, or of another organisation.',
  406: 'The Accept header excludes JSON.',
  409: 'The idempotent key is in use.',
  410: 'The dialog has been deleted.',
  412: 'The dialog has another revision than If-Match says.',
  413: 'The body is too large.',
  415: 'The body is of a type that cannot be read here.',
  422: 'A rule forbids it.',
  502: 'A system that this service depends on failed.',
} as const;

/** Problems by status, beside those that every route can answer with. */
export function anonymousResponses(...statuses: (keyof typeof problems)[]) {
  const described = statuses.map((status) => [status, { description: problems[status], content: problemDetails }]);
  return {
    ...Object.fromEntries(described),
    500: { description: 'A fault of this service.', content: problemDetails },
    503: {
      description: 'Overload or maintenance.',
      headers: retryAfter,
      content: { 'text/plain': { schema: { type: 'string' } as const } },
    },
  };
}

/** Problems by status, beside those that every route of service owners can answer with. */
export function problemResponses(...statuses: (keyof typeof problems)[]) {
  return {
    ...anonymousResponses(...statuses),
    401: { description: 'No token, or none that is valid.' },
    // To tell who asks takes the issuer's keys.
    502: { description: problems[502], content: problemDetails },
    403: { description: 'The scope is missing, or the change is not the caller’s to make.', content: problemDetails },
  };
}

/** What an end user's change of labels can be answered with, beside its success. Only service owners can ask for operations. */
export const endUserLabelResponses = {
  202: {
    description: 'Accepted and durable, not done yet.',
    headers: { ...retryAfter, ...preferenceApplied },
    content: jsonContent(operation.openapi('Operation')),
  },
  ...problemResponses(400, 404, 412, 413, 415, 422, 502),
} as const;

/** What a create can be answered with, beside its success. */
export const createResponses = { 202: accepted, ...problemResponses(400, 409, 413, 415, 422, 502) };

/** What a change of a dialog can be answered with, beside its success. */
export const changeResponses = { ...createResponses, ...problemResponses(404, 410, 412) };

/** What a change of labels can be answered with, beside its success; with a body, and where it has an actor. */
export const labelResponses = { 202: accepted, ...problemResponses(400, 404, 412) };
export const labelBodyResponses = { ...labelResponses, ...problemResponses(413, 415) };
export const labelActorResponses = { ...labelBodyResponses, ...problemResponses(422, 502) };

/** Headers of what changes so seldom that everybody may keep it for a day. */
export const cachedForADay = { 'Cache-Control': 'public, max-age=86400', Vary: 'Accept-Encoding' };

/** A document that anybody may read, as JSON alone, and keep for a day. */
export function publicDocument(schema: z.ZodType, description: string) {
  const headers = { 'Cache-Control': { description: 'A day, for everybody.', schema: { type: 'string' } as const } };
  return { ...byAnybody, responses: { 200: { ...ok(schema, description), headers }, ...anonymousResponses(406) } };
}
