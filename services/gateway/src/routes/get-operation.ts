import { type OwnedOperation, operation as operationSchema } from '@dialog/contracts/operation';
import type { Lanes } from '@dialog/lanes/submit';
import type { Logger } from '@dialog/telemetry/logger';
import { createRoute } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { streamSSE } from 'hono/streaming';
import { Gauge, type Registry } from 'prom-client';
import { type GatewayApp, type GatewayContext, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { byServiceOwner, idInPath, jsonContent, problemResponses, waitHeader } from '../openapi.ts';
import { appliedPreference, parsePrefer, type WaitLimits } from '../prefer.ts';
import { invalid, notFound, unavailable } from '../problem-response.ts';
import { pathId } from '../request-parameters.ts';

export type OperationDeps = {
  lanes: Pick<Lanes, 'wait'>;
  limits: WaitLimits & WatchLimits;
  /** Ends long polls and streams when the process is about to stop. */
  closing: AbortSignal;
  registry: Registry;
  log: Logger;
};

export type WatchLimits = {
  /** Long polls and streams at a time. Beyond that, an operation is told as it stands. */
  watchersMax: number;
  /** How often an idle stream says that it lives, in milliseconds: proxies cut connections that are silent. */
  heartbeatMs: number;
};

const eventStream = 'text/event-stream';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/operations/{operationId}`,
  operationId: 'GetOperation',
  summary: 'See how a change stands',
  description:
    'What a change that was answered 202 came to: `Queued`, `Applied`, `Rejected` with a problem, or `Failed`. Only for ' +
    `the organisation that sent it. With \`Accept: ${eventStream}\` each status is an event, until the last.`,
  parameters: [idInPath('operationId', 'From the `Location` of a 202.'), waitHeader],
  responses: {
    200: {
      description: 'The operation.',
      headers: {
        'Retry-After': { description: 'Seconds after which to ask again.', schema: { type: 'integer' } },
        'Preference-Applied': { description: 'Preferences that were followed.', schema: { type: 'string' } },
      },
      content: { ...jsonContent(operationSchema), [eventStream]: { schema: { type: 'string' } } },
    },
    ...problemResponses(400, 404),
  },
});

export function registerGetOperation(app: GatewayApp, { lanes, limits, closing, registry, log }: OperationDeps): void {
  let watchers = 0;
  new Gauge({
    name: 'dialog_operation_watchers',
    help: 'Long polls and streams that wait for operations.',
    registers: [registry],
    collect() {
      this.set(watchers);
    },
  });

  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const id = pathId(c, 'operationId');
    if (!id.ok) return invalid(c, id.errors);
    const operation = await lanes.wait(id.value, 0);
    if (operation === undefined || operation.org !== c.get('serviceOwner').org) {
      return notFound(c, 'Operation', id.value);
    }
    const type = accepts(c, { header: 'Accept', supports: ['application/json', eventStream], default: '' });
    return type === eventStream ? stream(c, operation) : poll(c, operation);
  });

  async function poll(c: GatewayContext, operation: OwnedOperation): Promise<Response> {
    const preference = parsePrefer(c.req.header('prefer'));
    const waitMs = Math.min((preference.waitS ?? 0) * 1000, limits.waitMsMax);
    const watched = waitMs > 0 && operation.status === 'Queued' && watchers < limits.watchersMax;
    const shown = watched ? await watch(operation, waitMs, c.req.raw.signal) : operation;
    const applied = appliedPreference(preference, limits, { accepted: false });
    return jsonResponse(withoutOrg(shown), 200, {
      'Cache-Control': 'no-store',
      ...(shown.status === 'Queued' && { 'Retry-After': '1' }),
      ...(applied !== undefined && { 'Preference-Applied': applied }),
    });
  }

  /** Server-sent events, named `operation`, whose id is the status: who reconnects after the last one is sent away. */
  function stream(c: GatewayContext, operation: OwnedOperation): Response {
    if (operation.status !== 'Queued' && c.req.header('last-event-id') === operation.status) {
      return new Response(null, { status: 204 });
    }
    if (watchers >= limits.watchersMax) return unavailable();
    // Proxies that collect an answer before they pass it on would pass on nothing.
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(c, async (events) => {
      const left = new AbortController();
      events.onAbort(() => left.abort());
      const send = (shown: OwnedOperation) =>
        events.writeSSE({ event: 'operation', id: shown.status, data: JSON.stringify(withoutOrg(shown)) });
      try {
        let shown = operation;
        await send(shown);
        while (shown.status === 'Queued' && !left.signal.aborted && !closing.aborted) {
          shown = await watch(shown, limits.heartbeatMs, left.signal);
          if (shown.status === 'Queued') await events.write(': queued\n\n');
          else await send(shown);
        }
      } catch (err) {
        // The caller connects again, and is told then what is the matter.
        log.warn({ err, operationId: operation.id, traceparent: c.get('traceparent') }, 'operation stream broken off');
      }
    });
  }

  /** Waits for the end of an operation, for the caller to leave, or for the process to stop. */
  async function watch(operation: OwnedOperation, waitMs: number, left: AbortSignal): Promise<OwnedOperation> {
    watchers += 1;
    try {
      return (await lanes.wait(operation.id, waitMs, AbortSignal.any([left, closing]))) ?? operation;
    } finally {
      watchers -= 1;
    }
  }
}

function withoutOrg({ org: _, ...operation }: OwnedOperation): Omit<OwnedOperation, 'org'> {
  return operation;
}
