import { isOrganizationNumber } from '@dialog/contracts/norwegian-numbers';
import { z } from 'zod';

const organisation = z.object({ authority: z.string(), ID: z.string() });

/**
 * The organisation number in a claim of the shape of `consumer` (ISO 6523, `0192:<9 digits>`). The claim is an object,
 * or its JSON.
 *
 * @returns undefined when there is none, or its control digit is wrong
 */
export function organisationOf(claim: unknown): string | undefined {
  const { success, data } = organisation.safeParse(objectOf(claim));
  if (!success || data.authority.toLowerCase() !== 'iso6523-actorid-upis') return undefined;
  const [scheme, orgNumber, ...rest] = data.ID.split(':');
  if (scheme !== '0192' || orgNumber === undefined || rest.length > 0) return undefined;
  return isOrganizationNumber(orgNumber) ? orgNumber : undefined;
}

/** A claim that is an object or an array, or the JSON of one: on their way, tokens are converted. */
export function objectOf(claim: unknown): unknown {
  if (typeof claim !== 'string') return claim;
  try {
    return JSON.parse(claim);
  } catch {
    // A claim that is no JSON holds no object; nothing else can be meant.
    return undefined;
  }
}
