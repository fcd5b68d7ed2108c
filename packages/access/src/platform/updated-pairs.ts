import { justAfter, type Timestamp, timestamp } from '@dialog/contracts/timestamp';
import { z } from 'zod';
import { UpstreamFailure } from '../upstream-failure.ts';
import type { Upstream } from './http.ts';

const urn = z.string().transform((text) => text.replaceAll(/\s/g, '').toLowerCase());
const pairSchema = z
  .object({ subjecturn: urn, resourceurn: urn, updatedat: timestamp, deleted: z.boolean() })
  .transform(({ subjecturn: subject, resourceurn: resource, updatedat: updatedAt, deleted }) => {
    return { subject, resource, updatedAt, deleted };
  });
const pageSchema = z.object({
  links: z.object({ next: z.string().nullish() }).nullish(),
  data: z.array(pairSchema).nullish(),
});

/** That a subject gives something on a resource from that moment on, or no longer does. URNs, in lower case. */
export type UpdatedPair = z.output<typeof pairSchema>;

export type UpdatedPairs = {
  /**
   * What has changed since an instant, the oldest change first; everything there is without one.
   *
   * @throws UpstreamFailure
   */
  since: (instant: Timestamp | undefined) => Promise<UpdatedPair[]>;
};

/** The registry sends no more at a time. */
const pagePairsMax = 1_000;
/** Far beyond what there is, in case a page names itself as the next. */
const pagesMax = 5_000;
const beginningOfTime = '0001-01-01T00:00:00.0000000+00:00';

type Deps = { upstream: Upstream; platformUrl: string; pagePairs?: number };

/** Reads the registry's feed of changed policies (Altinn platform, section 5.3), a thousand pairs at a time. */
export function createUpdatedPairs({ upstream, platformUrl, pagePairs = pagePairsMax }: Deps): UpdatedPairs {
  return {
    async since(instant) {
      const operation = 'updated subjects and resources';
      const pairs: UpdatedPair[] = [];
      let next: string | null = firstPage(instant);
      for (let pages = 0; next !== null; pages += 1) {
        if (pages >= pagesMax) throw new UpstreamFailure(operation, `more than ${pagesMax} pages`);
        const page: z.output<typeof pageSchema> = await upstream.readJson(
          { operation, url: `${platformUrl}${next}` },
          pageSchema,
        );
        const data = page.data ?? [];
        for (const pair of data) pairs.push(pair);
        next = data.length === 0 ? null : pathAndQuery(page.links?.next, operation);
      }
      return pairs;
    },
  };

  function firstPage(since: Timestamp | undefined): string {
    const from = since === undefined ? beginningOfTime : justAfter(since).replace('Z', '+00:00');
    const query = new URLSearchParams({ since: from, limit: String(pagePairs) });
    return `/resourceregistry/api/v1/resource/updated?${query}`;
  }

  /** The link may name a host that only the platform's own network knows. */
  function pathAndQuery(link: string | null | undefined, operation: string): string | null {
    if (!link) return null;
    const url = URL.parse(link, platformUrl);
    if (url === null) throw new UpstreamFailure(operation, 'the next page is no address');
    return `${url.pathname}${url.search}`;
  }
}
