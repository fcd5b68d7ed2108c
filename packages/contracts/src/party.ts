import { z } from '@hono/zod-openapi';
import { addBroken } from './fault.ts';
import { isOrganizationNumber, isPersonNumber } from './norwegian-numbers.ts';
import { textLengthMax } from './text.ts';

const person = 'urn:altinn:person:identifier-no:';
const organization = 'urn:altinn:organization:identifier-no:';
const selfIdentified = 'urn:altinn:person:legacy-selfidentified:';
const email = 'urn:altinn:person:idporten-email:';

/**
 * Reads the identifier of a party or an actor.
 *
 * @returns it in lower case, the form in which it is stored and compared; undefined if it is none
 */
export function parseParty(text: string): string | undefined {
  if (text.length > textLengthMax) return undefined;
  const id = text.toLowerCase();
  return isPartyInLowerCase(id) ? id : undefined;
}

/**
 * As {@link parseParty}, in what end users filter by: the letter case counts up to the last colon (authorization, section
 * 6.1).
 */
export function parseFilteredParty(text: string): string | undefined {
  const prefix = text.slice(0, text.lastIndexOf(':'));
  return prefix === prefix.toLowerCase() ? parseParty(text) : undefined;
}

function isPartyInLowerCase(id: string): boolean {
  if (id.startsWith(organization)) return isOrganizationNumber(id.slice(organization.length));
  if (id.startsWith(person)) return isPersonNumber(id.slice(person.length));
  if (id.startsWith(selfIdentified)) return id.slice(selfIdentified.length).trim() !== '';
  return id.startsWith(email) && /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(id.slice(email.length));
}

/** Whom a dialog concerns; comes out in lower case. */
export const party = z
  .string()
  .check((payload) => {
    const id = parseParty(payload.value);
    if (id !== undefined) payload.value = id;
    else addBroken(payload, 'Not the identifier of a person or an organisation.');
  })
  .openapi({
    description:
      `\`${organization}\` with an organisation number, \`${person}\` with a national identity number or D-number, ` +
      `\`${selfIdentified}\` with a user name, or \`${email}\` with an e-mail address. Control digits are checked.`,
    maxLength: textLengthMax,
    example: `${organization}991825827`,
  });
