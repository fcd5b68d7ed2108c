import type { z } from 'zod';
import { UpstreamFailure } from '../upstream-failure.ts';
import type { Upstream } from './http.ts';
import type { PlatformTokens } from './platform-token.ts';

/**
 * Posts JSON to an operation of the platform that wants to know who asks, and parses the answer with the schema, whose
 * member names are in lower case.
 *
 * @param path with a slash in front, and the query
 * @throws UpstreamFailure, and nothing else
 */
export type PlatformCall = <T>(operation: string, path: string, body: string, schema: z.ZodType<T>) => Promise<T>;

type Deps = {
  upstream: Upstream;
  platformUrl: string;
  /** Without, the platform is asked without a token; only a stand-in will answer that. */
  tokens: PlatformTokens | undefined;
  subscriptionKey: string | undefined;
};

export function createPlatformCall({ upstream, platformUrl, tokens, subscriptionKey }: Deps): PlatformCall {
  return async (operation, path, body, schema) => {
    const token = await tokens?.current();
    try {
      return await ask(token);
    } catch (err) {
      if (token === undefined || !(err instanceof UpstreamFailure) || err.status !== 401) throw err;
      // The token may have been withdrawn before its time. Once more with a new one; then it is not the token.
      tokens?.forget(token);
      return ask(await tokens?.current());
    }

    function ask(token: string | undefined) {
      const headers = {
        'Content-Type': 'application/json; charset=utf-8',
        Accept: 'application/json',
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(subscriptionKey !== undefined && { 'Ocp-Apim-Subscription-Key': subscriptionKey }),
      };
      return upstream.readJson({ operation, url: `${platformUrl}${path}`, method: 'POST', headers, body }, schema);
    }
  };
}
