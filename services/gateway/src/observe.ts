import type { Logger } from '@dialog/telemetry/logger';
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { Histogram, type Registry } from 'prom-client';
import type { GatewayEnv } from './gateway-app.ts';
import { continueTrace } from './trace-context.ts';

/** What probes and browsers ask for again and again; a line for each would bury the others. */
const unremarkable = ['/health', '/metrics', '/docs', '/assets', '/openapi', '/asyncapi'];

export type ObserveDeps = {
  registry: Registry;
  log: Logger;
  /** The process is about to stop. */
  closing: AbortSignal;
};

/**
 * Measures and logs every request, and settles its trace context.
 *
 * Metrics and log name the route, not the address: there is no end to addresses, and one that no route knows may hold
 * anything. Neither has query, body, or who the request is about.
 */
export function observe({ registry, log, closing }: ObserveDeps): MiddlewareHandler<GatewayEnv> {
  const duration = new Histogram({
    name: 'dialog_http_request_duration_seconds',
    help: 'From the first byte of a request to the head of its answer, by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });

  return async (c, next) => {
    const startedAt = performance.now();
    const traceparent = continueTrace(c.req.header('traceparent'));
    c.set('traceparent', traceparent);
    await next();
    // The server closes the connection after this; a caller that knows sends its next request on another.
    if (closing.aborted) c.header('Connection', 'close');

    const durationMs = performance.now() - startedAt;
    const { status } = c.res;
    const matched = routePath(c, -1);
    const route = matched.includes('*') ? 'none' : matched;
    const method = knownMethod(c.req.method);
    duration.observe({ route, method, status }, durationMs / 1000);
    if (unremarkable.some((prefix) => route.startsWith(prefix))) return;
    const command = c.get('command');
    log.info(
      {
        ...{ method, route, status, durationMs: Math.round(durationMs * 10) / 10, traceparent },
        org: c.get('serviceOwner')?.org,
        ...(command !== undefined && { commandId: command.id, dialogId: command.dialogId }),
      },
      'request answered',
    );
  };
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A method is text that the caller makes up. */
function knownMethod(method: string): string {
  return methods.has(method) ? method : 'other';
}
