import type { z } from 'zod';
import { UpstreamFailure } from '../upstream-failure.ts';
import type { Upstream } from './http.ts';
import { clientVariables, isUnauthorized, type PlatformTokens, withToken } from './platform-token.ts';

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
  const unset = [
    ...(tokens === undefined ? [clientVariables] : []),
    ...(subscriptionKey === undefined ? ['ALTINN_SUBSCRIPTION_KEY'] : []),
  ];

  return async (operation, path, body, schema) => {
    try {
      return await withToken(tokens, ask);
    } catch (err) {
      throw explained(err);
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

    function explained(err: unknown): unknown {
      if (unset.length === 0 || !isUnauthorized(err)) return err;
      return new UpstreamFailure(operation, `status 401, and not set: ${unset.join(', ')}`, {
        status: 401,
        cause: err,
      });
    }
  };
}
