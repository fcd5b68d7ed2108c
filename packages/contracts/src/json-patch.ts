import { z } from '@hono/zod-openapi';

/** RFC 6901: the whole document, or tokens that each begin with a slash. */
const pointer = z.string().regex(/^(?:\/(?:[^~/]|~[01])*)*$/);

const operation = z.discriminatedUnion('op', [
  z.object({ op: z.literal('add'), path: pointer, value: z.unknown() }),
  z.object({ op: z.literal('remove'), path: pointer }),
  z.object({ op: z.literal('replace'), path: pointer, value: z.unknown() }),
  z.object({ op: z.literal('move'), path: pointer, from: pointer }),
  z.object({ op: z.literal('copy'), path: pointer, from: pointer }),
  z.object({ op: z.literal('test'), path: pointer, value: z.unknown() }),
]);

/** Changes to a document, applied in order, all or none (RFC 6902). */
export const jsonPatch = z.array(operation).openapi('JsonPatch');
export type JsonPatch = z.output<typeof jsonPatch>;
