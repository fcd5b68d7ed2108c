import { z } from 'zod';
import type { Fixtures } from '../fixtures.ts';
import type { Operation } from '../operations.ts';

/** A host that clients cannot reach: what the real registry puts into its links too. */
const internalHost = 'https://internal.example';
const pairsMax = 1_000;

const query = z.object({
  since: z.iso.datetime({ offset: true }),
  limit: z.coerce.number().int().min(1).max(pairsMax).default(pairsMax),
  /** How many of the pairs since then the caller has had. */
  token: z.coerce.number().int().min(0).default(0),
});

/** Subject-resource pairs that changed at or after an instant, the oldest change first, page by page; anonymous. */
export function registerUpdatedPairs(operation: Operation, { fixtures }: { fixtures: Fixtures }): void {
  operation('updated-pairs', 'GET', '/resourceregistry/api/v1/resource/updated', async (c) => {
    const asked = query.safeParse(c.req.query());
    if (!asked.success) return c.text(z.prettifyError(asked.error), 400);
    const { since, limit, token } = asked.data;
    const pairs = (await fixtures.subjectResources()).filter(
      ({ updatedAt }) => microsecondsOf(updatedAt) >= microsecondsOf(since),
    );
    const data = pairs.slice(token, token + limit);
    const more = new URLSearchParams({ since, token: String(token + limit), limit: String(limit) });
    // The last page has a link as well when it is full: whether something follows, the next page tells.
    const next = data.length < limit ? null : `${internalHost}${c.req.path}?${more}`;
    return c.json({ links: { next }, data });
  });
}

function microsecondsOf(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  const seconds = Date.parse(text.replace(/\.\d+/, '')) / 1000;
  return seconds * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
