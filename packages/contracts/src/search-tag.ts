import { z } from '@hono/zod-openapi';
import { addBroken } from './fault.ts';

/**
 * Words that a dialog is found by, as `{ value }` objects. They come out as plain strings, trimmed and in lower case,
 * in order and each at most once.
 */
function words(name: string, min: number, max: number) {
  const value = z
    .string()
    .overwrite((text) => text.trim().toLowerCase())
    .min(min)
    .max(max);
  return z.array(z.object({ value }).openapi(name)).check((payload) => {
    const distinct = new Set(payload.value.map((word) => word.value));
    if (distinct.size < payload.value.length) addBroken(payload, 'Must not have the same value twice.');
  });
}

function sorted(words: readonly { value: string }[]): string[] {
  return words.map((word) => word.value).sort();
}

export const searchTags = words('SearchTag', 3, 63).default([]).transform(sorted);

/** Most labels that a service owner may put on one dialog. */
const labelCountMax = 20;

const serviceOwnerLabels = words('ServiceOwnerLabel', 3, 255).max(labelCountMax).default([]).transform(sorted);

/** What the service owner keeps beside the dialog, unseen by the party. */
export const serviceOwnerContext = z.object({ serviceOwnerLabels }).nullable().default(null);
