import { z } from '@hono/zod-openapi';
import { addBroken } from './fault.ts';

/** Longest text where nothing else is said, in UTF-16 code units. */
export const textLengthMax = 255;

export function isBlank(text: string): boolean {
  return text.trim() === '';
}

/** Text that may be left out; comes out as null then. */
export const optionalText = z.string().max(textLengthMax).nullable().default(null);

/** Text that has to say something. */
export const requiredText = z
  .string()
  .max(textLengthMax)
  .check((payload) => {
    if (isBlank(payload.value)) addBroken(payload, 'Must not be empty.');
  })
  .openapi({ minLength: 1 });

/** A key that makes a retried request harmless. Compared exactly, stored as given. */
export const requiredIdempotentKey = z.string().min(3).max(36);
export const idempotentKey = requiredIdempotentKey.nullable().default(null);
