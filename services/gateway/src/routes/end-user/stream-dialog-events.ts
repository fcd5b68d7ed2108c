import type { DialogTokens } from '@dialog/access/dialog-token';
import { bearerToken } from '@dialog/access/tokens';
import { epochMsOf, type Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import type { Logger } from '@dialog/telemetry/logger';
import { createRoute } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import { Gauge, type Registry } from 'prom-client';
import { challenge, invalidToken } from '../../authentication.ts';
import type { DialogNotices } from '../../dialog-notices.ts';
import { createDialogStates, type DialogState } from '../../dialog-states.ts';
import { type EventStream, type EventStreamSettings, openEventStream } from '../../event-stream.ts';
import { endUserPath, type GatewayApp, type GatewayContext } from '../../gateway-app.ts';
import { refusedByTime } from '../../open-for-end-user.ts';
import { byDialogToken, dialogIdInPath, problemResponses } from '../../openapi.ts';
import { forbidden, gone, invalid, notFound, unavailable } from '../../problem-response.ts';
import { pathId } from '../../request-parameters.ts';

export type DialogEventsDeps = {
  db: Database;
  dialogTokens: Pick<DialogTokens, 'verify'>;
  notices: DialogNotices;
  limits: EventStreamLimits;
  /** Web pages of which origins may follow a dialog. */
  corsOrigins: '*' | readonly string[];
  now: () => Timestamp;
  /** Ends the streams when the process is about to stop. */
  closing: AbortSignal;
  registry: Registry;
  log: Logger;
};

export type EventStreamLimits = EventStreamSettings & {
  /** Streams at a time. */
  eventStreamsMax: number;
};

/** How long a browser need not ask again whether it may. The longest that any browser keeps to. */
const preflightSeconds = 7_200;

/** Readers who lose their gateway come back spread over this time, in milliseconds. */
const reconnect = { fromMs: 1_000, toMs: 5_000 };

const route = createRoute({
  ...byDialogToken,
  method: 'get',
  path: `${endUserPath}/dialogs/{dialogId}/events`,
  operationId: 'StreamDialogEvents',
  summary: 'Hear when a dialog has changed',
  description:
    'Server-sent events for a page that shows a dialog, with the dialog token that came with it. First, and whenever ' +
    'something may have been missed, `state` with the `revision` of the dialog: reload if it is not the one that is ' +
    'shown. Then `created`, `updated`, `deleted`, `restored` and `expired` as they happen, with `id`, `type` and `time` ' +
    'of the event; several of one name in short order may be one. Silent changes are not told. The last event is `end`, ' +
    'with the `reason`: `token-expired` (open the dialog again, for a new token), `gateway-stopping`, `interrupted`. ' +
    '`Last-Event-ID` is not needed, as `state` comes first each time.',
  parameters: [dialogIdInPath],
  responses: {
    200: { description: 'The events.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
    ...problemResponses(400, 404, 410),
  },
});

export function registerStreamDialogEvents(app: GatewayApp, deps: DialogEventsDeps): void {
  const { dialogTokens, notices, limits, corsOrigins, now, closing, registry, log } = deps;
  const stateOf = createDialogStates(deps.db);
  const streams = new Set<EventStream>();
  new Gauge({
    name: 'dialog_event_streams',
    help: 'Pages that follow a dialog.',
    registers: [registry],
    collect() {
      this.set(streams.size);
    },
  });
  closing.addEventListener('abort', () => {
    for (const stream of streams) stream.end(endBecause('gateway-stopping'));
  });

  app.openAPIRegistry.registerPath(route);
  // A page sends its token in a header, which browsers ask about first. It has no cookies here that others could use.
  const origin = corsOrigins === '*' ? corsOrigins : [...corsOrigins];
  app.use(
    route.getRoutingPath(),
    cors({ origin, allowMethods: ['GET'], exposeHeaders: ['Retry-After'], maxAge: preflightSeconds }),
  );
  app.get(route.getRoutingPath(), async (c) => {
    const token = bearerToken(c.req.header('authorization')) ?? c.req.header('digdir-dialog-token');
    if (token === undefined) return challenge(401, 'Bearer');
    const verification = await dialogTokens.verify(token);
    if (verification.kind === 'refused') return challenge(401, invalidToken(verification.reason));
    const id = pathId(c, 'dialogId');
    if (!id.ok) return invalid(c, id.errors);
    if (verification.dialogId !== id.value) return forbidden(c, 'Forbidden', 'The dialog token is for another dialog.');
    if (closing.aborted || streams.size >= limits.eventStreamsMax) return unavailable();
    return follow(c, id.value, epochMsOf(now()), verification.endsAt);
  });

  /**
   * Listens before it reads the state, so that no change is between the two. What is heard until then is in the state.
   *
   * @throws DatabaseUnavailable
   */
  async function follow(c: GatewayContext, dialogId: string, nowMs: number, endsAt: Date): Promise<Response> {
    const { outgoing } = { ...c.env };
    const closed = new AbortController();
    const stream = openEventStream(limits, { onClosed: () => closed.abort(), cut: () => outgoing?.destroy() });
    const expiry = setTimeout(() => stream.end(endBecause('token-expired')), endsAt.getTime() - nowMs);
    streams.add(stream);
    closed.signal.addEventListener('abort', () => {
      clearTimeout(expiry);
      streams.delete(stream);
    });

    let isTold = false;
    try {
      const leave = await notices.watch(dialogId, {
        notice: ({ id, type, time }) => {
          if (isTold) stream.send({ event: nameOf(type), id, data: { id, type, time } });
        },
        missed: () => void tellAgain(stream, dialogId),
      });
      if (leave === undefined) return unavailable();
      closed.signal.addEventListener('abort', leave);
      if (closed.signal.aborted) leave();
      const state = await stateOf(dialogId);
      if (state === undefined) return notFound(c, 'DialogEntity', dialogId);
      if (state.deletedAt !== null) return gone(c, dialogId);
      const hidden = refusedByTime(c, state, now());
      if (hidden !== undefined) return hidden;
      stream.send({ ...stateEvent(state), retryMs: retryMs() });
      isTold = true;
    } finally {
      if (!isTold) await stream.body.cancel();
    }
    return c.body(stream.body, 200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // Proxies that collect an answer before they pass it on would pass on nothing.
      'X-Accel-Buffering': 'no',
    });
  }

  /** After NATS was away. Whoever cannot be told what has happened meanwhile is sent away, to ask anew. */
  async function tellAgain(stream: EventStream, dialogId: string): Promise<void> {
    try {
      stream.send(stateEvent(await stateOf(dialogId)));
    } catch (err) {
      log.warn({ err, dialogId }, 'event stream broken off');
      stream.end(endBecause('interrupted'));
    }
  }
}

/** `dialogporten.dialog.updated.v1` is `updated`. */
function nameOf(type: string): string {
  return type.split('.')[2] ?? type;
}

function stateEvent(state: DialogState | undefined) {
  return { event: 'state', data: { revision: state?.revision ?? null } };
}

function endBecause(reason: 'token-expired' | 'gateway-stopping' | 'interrupted') {
  return { event: 'end', data: { reason } };
}

function retryMs(): number {
  return Math.round(reconnect.fromMs + Math.random() * (reconnect.toMs - reconnect.fromMs));
}
