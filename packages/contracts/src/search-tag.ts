import { z } from '@hono/zod-openapi';
import { addBroken } from './fault.ts';

/** A word that a dialog is found by. It is kept, and compared, trimmed and in lower case. */
function word(min: number, max: number) {
  return z
    .string()
    .overwrite((text) => text.trim().toLowerCase())
    .min(min)
    .max(max);
}

const searchTag = z.object({ value: word(3, 63) }).openapi('SearchTag');

const labelText = word(3, 255);

/** A label that a service owner puts on a dialog, for itself. */
export const serviceOwnerLabel = z.object({ value: labelText }).openapi('ServiceOwnerLabel');

/** The same in an address. */
export const labelInPath = z.object({ label: labelText });

/** Words, each in an object. They come out as plain strings, in order and each at most once. */
function words(each: typeof searchTag) {
  return z.array(each).check((payload) => {
    const distinct = new Set(payload.value.map(({ value }) => value));
    if (distinct.size < payload.value.length) addBroken(payload, 'Must not have the same value twice.');
  });
}

function sorted(given: readonly { value: string }[]): string[] {
  return given.map(({ value }) => value).sort();
}

export const searchTags = words(searchTag).default([]).transform(sorted);

/** Most labels that a service owner may put on one dialog. */
export const serviceOwnerLabelsMax = 20;

const serviceOwnerLabels = words(serviceOwnerLabel).max(serviceOwnerLabelsMax).default([]).transform(sorted);

/** What the service owner keeps beside the dialog, unseen by the party. */
export const serviceOwnerContext = z.object({ serviceOwnerLabels }).nullable().default(null);
