import { UpstreamFailure } from '@dialog/access/upstream-failure';
import { type Problem, problemOf } from '@dialog/contracts/problem';
import { LaneFull, LaneUnavailable } from '@dialog/lanes/faults';
import type { Logger } from '@dialog/telemetry/logger';
import { getPath } from 'hono/utils/url';
import { DatabaseUnavailable } from './database-reads.ts';
import { SubscriptionsUnavailable } from './event-subscriptions.ts';
import type { GatewayContext } from './gateway-app.ts';

/** What a caller is told to wait when nothing better is known. */
const retryAfterMs = 1_000;

/** A problem as an HTTP answer (RFC 9457), with the request that it belongs to. */
export function problemResponse(c: GatewayContext, problem: Problem, headers: Record<string, string> = {}): Response {
  const { type, title, status, detail, errors } = problem;
  const instance = getPath(c.req.raw);
  const body = JSON.stringify({ type, title, status, detail, instance, errors, traceId: c.get('traceparent') });
  return new Response(body, { status, headers: { 'Content-Type': 'application/problem+json', ...headers } });
}

/** 400 with everything that is wrong with the request, by key. */
export function invalid(c: GatewayContext, errors: NonNullable<Problem['errors']>): Response {
  return problemResponse(c, problemOf(400, errors));
}

/** 403 by a rule of this API; a missing scope is told without a body instead. */
export function forbidden(c: GatewayContext, key: 'Forbidden' | 'Type', message: string): Response {
  return problemResponse(c, problemOf(403, { [key]: [message] }));
}

export function notFound(c: GatewayContext, entity: string, id: string): Response {
  return problemResponse(c, problemOf(404, notFoundErrors(entity, id)));
}

export function notFoundErrors(entity: string, id: string): NonNullable<Problem['errors']> {
  return { [entity]: [`No ${entity} was found with id (${id})`] };
}

export function gone(c: GatewayContext, dialogId: string): Response {
  return problemResponse(c, problemOf(410, { DialogEntity: [`The dialog has been deleted (${dialogId})`] }));
}

/** The bare text is what this API has always said when it cannot serve. */
export function unavailable(headers: Record<string, string> = {}, waitMs = retryAfterMs): Response {
  const retryAfter = String(Math.max(1, Math.ceil(waitMs / 1000)));
  return new Response('Service Unavailable', {
    status: 503,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': retryAfter, ...headers },
  });
}

/** A fault in the way of one change of many, as its problem. What is no trouble of others is logged here. */
export function problemOfFault(err: unknown, log: Logger): Problem {
  if (err instanceof LaneFull) return problemOf(503, undefined, 'The lane of this dialog takes no more for now.');
  if (err instanceof LaneUnavailable) {
    return problemOf(
      503,
      undefined,
      err.inDoubt
        ? 'Nobody can tell yet whether it is applied; its operation will, if it is.'
        : 'No changes can be accepted for now.',
    );
  }
  if (err instanceof DatabaseUnavailable) return problemOf(503, undefined, 'The dialog cannot be read for now.');
  if (err instanceof UpstreamFailure) return upstreamProblem();
  log.error({ err }, 'line failed');
  return problemOf(500);
}

function upstreamProblem(): Problem {
  return problemOf(502, undefined, 'A system that this service depends on did not answer.');
}

/** The answer to what no handler caught. Faults are logged here, and nowhere else. */
export function faultResponse(c: GatewayContext, err: Error, log: Logger): Response {
  const traceId = c.get('traceparent');
  if (err instanceof LaneFull) return unavailable({}, err.retryAfterMs);
  if (err instanceof LaneUnavailable) {
    log.warn({ err, traceId }, 'command not accepted');
    return unavailable();
  }
  if (err instanceof DatabaseUnavailable) {
    log.warn({ err, traceId }, 'database not readable');
    return unavailable();
  }
  if (err instanceof SubscriptionsUnavailable) {
    log.warn({ err, traceId }, 'subscription not opened');
    return unavailable();
  }
  if (err instanceof UpstreamFailure) {
    log.warn({ err, traceId }, 'upstream failed');
    return problemResponse(c, upstreamProblem());
  }
  // A caller that hangs up in the middle of its request gets no answer, and is no fault of ours.
  if (c.req.raw.signal.aborted) return problemResponse(c, problemOf(400));
  log.error({ err, traceId }, 'request failed');
  return problemResponse(c, problemOf(500));
}
