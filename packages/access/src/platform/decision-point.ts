import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import type { DecisionRequest } from '../details-authorization.ts';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';
import type { PlatformCall } from './platform-call.ts';

/**
 * The policy decision point's answer to each question of a request, in their order: `Permit`, `Deny`, `NotApplicable` or
 * `Indeterminate`. There may be fewer answers than questions, or more.
 *
 * @throws UpstreamFailure when there is no answer, neither a new one nor one that has been kept
 */
export type DecisionPoint = (request: DecisionRequest) => Promise<readonly string[]>;

const cacheDefaults: CacheSettings = {
  freshMs: 15 * 60_000,
  failSafeMs: 30 * 60_000,
  staleWaitMs: 4_000,
  waitMs: 25_000,
  retryAfterMs: 30_000,
  // A request is one to five kilobytes.
  entriesMax: 10_000,
};

const operation = 'decision point';
const answer = z.object({ response: z.array(z.object({ decision: z.string() })) });

type Deps = { call: PlatformCall; log: Logger; cache?: Partial<CacheSettings> };

export function createDecisionPoint({ call, log, cache }: Deps): DecisionPoint {
  // The request says everything that the answer depends on, so it is the key. The level of authentication and for which
  // organisation somebody calls are no part of it: the decision point is not told, and the level is compared beside it.
  const answers = createFreshCache(operation, load, { ...cacheDefaults, ...cache, log });

  return async (request) => (await answers.get(JSON.stringify(request))) ?? [];

  async function load(body: string): Promise<readonly string[]> {
    const { response } = await call(operation, '/authorization/api/v1/authorize', body, answer);
    const decisions = response.map(({ decision }) => decision);
    if (decisions.includes('Indeterminate')) {
      log.error({ request: withoutPersons(body) }, 'decision point could not decide');
    }
    return decisions;
  }
}

/** Persons go by number, e-mail address or user name; eleven digits in a row are a person's wherever they stand. */
function withoutPersons(request: string): string {
  return request
    .replaceAll(/("AttributeId":"urn:altinn:person:[^"]*","Value":)"[^"]*"/g, '$1"***"')
    .replaceAll(/(?<!\d)\d{11}(?!\d)/g, '***');
}
