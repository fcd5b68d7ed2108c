import { parseParty } from '@dialog/contracts/party';
import type { Validated } from '@dialog/contracts/validate';
import type { z } from 'zod';
import type { GatewayContext } from './gateway-app.ts';

type Errors = Record<string, string[]>;

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const onlyUuid = new RegExp(`^${uuid}$`, 'i');
const bareOrQuotedUuid = new RegExp(`^(?:${uuid}|"${uuid}")$`, 'i');
const person = 'urn:altinn:person:identifier-no:';

/** Reads an id in the path; in lower case. */
export function pathId(c: GatewayContext, name: string): Validated<string> {
  return idIn(name, c.req.param(name) ?? '');
}

/** As {@link pathId}, of an id that stands elsewhere. */
export function idIn(name: string, text: string): Validated<string> {
  return onlyUuid.test(text) ? right(text.toLowerCase()) : wrong(name, `'${name}' is not a UUID.`);
}

/**
 * Reads `If-Match`: the revision that the caller last saw, bare as our ETag has it or quoted as RFC 9110 wants it.
 * Null when the header is absent.
 */
export function ifMatch(c: GatewayContext): Validated<string | null> {
  return revisionIn(c.req.header('if-match') ?? null);
}

/** As {@link ifMatch}, of a revision that stands elsewhere. */
export function revisionIn(text: string | null): Validated<string | null> {
  if (text === null) return right(null);
  return bareOrQuotedUuid.test(text)
    ? right(text.replaceAll('"', '').toLowerCase())
    : wrong('If-Match', 'Must be one revision: a UUID, with or without double quotes.');
}

/** Reads `isSilentUpdate`: a silent change moves no timestamps and sends no events. */
export function silentUpdate(c: GatewayContext): Validated<boolean> {
  const text = queryValue(c, 'isSilentUpdate')?.toLowerCase() ?? '';
  if (text === 'true') return right(true);
  return text === 'false' || text === '' ? right(false) : wrong('isSilentUpdate', 'Must be true or false.');
}

/**
 * Reads `endUserId`: the person on whose behalf the service owner calls, by URN or by the bare number, which callers
 * have always been allowed. Null when it is absent.
 */
export function endUserId(c: GatewayContext): Validated<string | null> {
  const text = queryValue(c, 'endUserId') ?? '';
  if (text === '') return right(null);
  const id = parseParty(/^\d{11}$/.test(text) ? `${person}${text}` : text);
  return id?.startsWith(person) ? right(id) : wrong('EndUserId', `Must be ${person} and a national identity number.`);
}

/** Reads a member of an enumeration that must be there: its name in any casing, or its number. */
export function queryEnumeration<Name extends string>(
  c: GatewayContext,
  name: string,
  schema: z.ZodType<Name>,
): Validated<Name> {
  const { success, data, error } = schema.safeParse(queryValue(c, name) ?? '');
  return success ? right(data) : wrong(name, error.issues.map(({ message }) => message).join(' '));
}

/** Reads an id that may be left out; in lower case, null without it. */
export function queryUuid(c: GatewayContext, name: string): Validated<string | null> {
  const text = queryValue(c, name) ?? '';
  if (text === '') return right(null);
  return onlyUuid.test(text) ? right(text.toLowerCase()) : wrong(name, `'${name}' is not a UUID.`);
}

/** What is wrong with several parameters, together. */
export function errorsOf(...parameters: readonly Validated<unknown>[]): Errors {
  const errors: Errors = {};
  for (const parameter of parameters) if (!parameter.ok) Object.assign(errors, parameter.errors);
  return errors;
}

/** The first value of a query parameter; its name may be written in any casing. */
export function queryValue(c: GatewayContext, name: string): string | undefined {
  if (!c.req.url.includes('?')) return undefined;
  const wanted = name.toLowerCase();
  return Object.entries(c.req.query()).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

function right<Value>(value: Value): Validated<Value> {
  return { ok: true, value };
}

function wrong(key: string, message: string): Validated<never> {
  return { ok: false, errors: { [key]: [message] } };
}
