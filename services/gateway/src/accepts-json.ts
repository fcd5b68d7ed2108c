import { problemOf } from '@dialog/contracts/problem';
import type { MiddlewareHandler } from 'hono';
import { parseAccept } from 'hono/utils/accept';
import type { GatewayEnv } from './gateway-app.ts';
import { problemResponse } from './problem-response.ts';

const mediaRange = /^[^\s/]+\/[^\s/]+$/;
const json = /^(\*\/\*|application\/(\*|json|[^\s/]+\+json))$/i;

/**
 * Whether somebody with this `Accept` takes JSON (end-user API, section 1.6). Nothing, and what cannot be read, asks
 * for nothing in particular.
 */
export function acceptsJson(header: string | undefined): boolean {
  const accepted = parseAccept(header ?? '');
  if (accepted.length === 0 || accepted.some(({ type }) => !mediaRange.test(type))) return true;
  return accepted.some(({ type, q }) => q > 0 && json.test(type));
}

/** For operations that take nothing from the caller but this: 406 for who wants something else than JSON. */
export function jsonAccepted(): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    if (acceptsJson(c.req.header('accept'))) return next();
    const errors = { Accept: ['The request must accept application/json responses.'] };
    return problemResponse(c, problemOf(406, errors, 'The Accept header must allow JSON responses.'));
  };
}
