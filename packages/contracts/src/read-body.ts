import { z } from '@hono/zod-openapi';
import { unreadable } from './fault.ts';

/** A request with more list items than this is read up to its first fault: no answer names a million of them. */
const thoroughItemCountMax = 10_000;

/** What a schema found, and the value if it could be read: a value may be there although it breaks rules. */
export type Read<Schema extends z.core.$ZodType> = {
  value: z.output<Schema> | undefined;
  issues: readonly z.core.$ZodRawIssue[];
};

/**
 * Reads a value by a schema.
 *
 * `safeParse` withholds the value as soon as there is one issue, and says of an issue neither the input nor the schema
 * that it came from. Rules beside the schema want the first, telling absence from nonsense the other two.
 *
 * @param itemCount how many items the lists of the input have
 */
export function readBy<Schema extends z.core.$ZodType>(
  schema: Schema,
  input: unknown,
  itemCount: number,
): Read<Schema> {
  const isLarge = itemCount > thoroughItemCountMax;
  try {
    const payload = schema._zod.run({ value: input, issues: [] }, { async: false, abortEarly: isLarge });
    if (payload instanceof Promise) throw new Error('The schemas of bodies are synchronous.');
    return { value: isRead(payload, schema) ? payload.value : undefined, issues: payload.issues };
  } catch (error) {
    // Issues that let reading go on do not end it early, and zod hands the issues of a list on as arguments of one
    // call. More than about a hundred thousand of them do not fit on the stack.
    if (isLarge && error instanceof RangeError) return { value: undefined, issues: [tooManyFaults(input)] };
    throw error;
  }
}

function tooManyFaults(input: unknown): z.core.$ZodRawIssue {
  return { code: 'custom', input, path: [], message: 'Too many faults to list.', params: unreadable };
}

/** Issues that let reading go on leave a value of the schema's type behind. */
function isRead<Schema extends z.core.$ZodType>(
  payload: z.core.ParsePayload,
  _schema: Schema,
): payload is z.core.ParsePayload<z.output<Schema>> {
  return !z.core.util.aborted(payload);
}
