import { z } from '@hono/zod-openapi';
import { isStorable } from './member-names.ts';

/** RFC 6901: the whole document, or tokens that each begin with a slash. */
const pointer = z
  .string()
  .regex(/^(?:\/(?:[^~/]|~[01])*)*$/, 'Not a JSON pointer.')
  .openapi({ example: '/status' });

const value = z
  .unknown()
  .refine((json) => json !== undefined)
  .openapi({ description: 'Any JSON.' });

const operation = z.discriminatedUnion('op', [
  z.object({ op: z.literal('add'), path: pointer, value }),
  z.object({ op: z.literal('remove'), path: pointer }),
  z.object({ op: z.literal('replace'), path: pointer, value }),
  z.object({ op: z.literal('move'), path: pointer, from: pointer }),
  z.object({ op: z.literal('copy'), path: pointer, from: pointer }),
  z.object({ op: z.literal('test'), path: pointer, value }),
]);

/** Changes to a document, applied in order, all or none (RFC 6902). */
export const jsonPatch = z.array(operation).openapi('JsonPatch');
export type JsonPatch = z.output<typeof jsonPatch>;

/** How deep a value may be nested. What a dialog can hold is nested a third as deep. */
const valueDepthMax = 32;

const memberNames = new Set(['op', 'path', 'from', 'value']);

/**
 * Gives the members of operations their names, and operations theirs: a request may write both in any casing.
 *
 * @returns the operations, and the paths of those members that hold what cannot be stored or is nested too deeply
 */
export function readOperations(input: unknown): { operations: unknown; refused: string[] } {
  const refused: string[] = [];
  if (!Array.isArray(input)) return { operations: input, refused };
  const operations = input.map((operation: unknown, index) => {
    if (typeof operation !== 'object' || operation === null) return operation;
    const members: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(operation)) {
      const name = key.toLowerCase();
      if (!memberNames.has(name)) continue;
      members[name] = name === 'op' && typeof value === 'string' ? value.toLowerCase() : value;
      if (!isStorableJson(value)) refused.push(`[${index}].${name}`);
    }
    return members;
  });
  return { operations, refused };
}

/** Level by level, not by recursion: a body of 20 MB can be nested deeper than the stack. */
function isStorableJson(json: unknown): boolean {
  let level = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > valueDepthMax) return false;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string' && !isStorable(value)) return false;
      // 1e400 is read as infinite, and would travel on as null.
      if (typeof value === 'number' && !Number.isFinite(value)) return false;
      if (typeof value !== 'object' || value === null) continue;
      for (const member of Object.values(value)) next.push(member);
    }
    level = next;
  }
  return true;
}
