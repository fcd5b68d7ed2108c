import { batchLine, batchOutcome } from '@dialog/contracts/batch-line';
import { problemOf } from '@dialog/contracts/problem';
import type { Logger } from '@dialog/telemetry/logger';
import { createRoute } from '@hono/zod-openapi';
import { Counter, Gauge, type Registry } from 'prom-client';
import { createAllowance } from '../batch/allowance.ts';
import { answerLines, type BatchSettings, type BatchSummary } from '../batch/answer-lines.ts';
import { type ChangeDeps, callerOf } from '../changes/change.ts';
import { type GatewayApp, type GatewayContext, serviceOwnerPath } from '../gateway-app.ts';
import { byServiceOwner, exampleActor, exampleContent, preferHeader, problemResponses } from '../openapi.ts';
import { appliedPreference, parsePrefer, writeWaitMs } from '../prefer.ts';
import { problemOfFault, problemResponse, unavailable } from '../problem-response.ts';
import { isOfType } from '../read-json.ts';
import type { WriteDeps } from '../submit-command.ts';

export type BatchLimits = BatchSettings & {
  /** Batches at a time. */
  batchesMax: number;
  /** Lines of all batches that are read and have not ended, and their bytes. */
  batchTotalLinesMax: number;
  batchTotalBytesMax: number;
};

export type BatchRouteDeps = WriteDeps &
  ChangeDeps & {
    limits: BatchLimits;
    /** The process is about to stop. */
    closing: AbortSignal;
    registry: Registry;
    log: Logger;
  };

const ndjson = 'application/x-ndjson';

const exampleDialog = '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e';
const exampleLines = [
  {
    kind: 'CreateDialog',
    idempotentKey: 'case-118',
    body: {
      id: exampleDialog,
      serviceResource: 'urn:altinn:resource:ttd-building-permit',
      party: 'urn:altinn:organization:identifier-no:313007103',
      content: exampleContent,
    },
  },
  {
    kind: 'CreateTransmission',
    dialogId: exampleDialog,
    idempotentKey: 'case-118-letter',
    body: { type: 'Information', sender: exampleActor, content: exampleContent },
  },
  { kind: 'PatchDialog', dialogId: exampleDialog, body: [{ op: 'replace', path: '/status', value: 'Completed' }] },
];

const route = createRoute({
  ...byServiceOwner,
  method: 'post',
  path: `${serviceOwnerPath}/dialogs/batch`,
  operationId: 'BatchDialogs',
  summary: 'Create and change many dialogs',
  description:
    'One change per line (NDJSON), any number of lines. Each has an outcome, a line of the answer, which is sent while ' +
    'the request still comes in: a caller has to read while it writes, as no more lines are read when outcomes pile up. ' +
    'Outcomes come as they end. Lines of one dialog are applied in their order, and a dialog whose id the caller chose can be ' +
    'changed further down. A line is judged as a request of its own, and one that is refused does not touch the others. ' +
    'Full lanes slow the reading down. Preferences are for each line: with `respond-async` its outcome is 202 with an ' +
    '`operationId`.\n\nA batch that broke off is sent again as a whole, if its lines have an `idempotentKey`: a line that was ' +
    'applied is not applied again, and its outcome is `repeated`; one that was refused is tried again. Lines without ' +
    'outcome may have been applied. When the service is about to stop, it says with 503 which line it did not take, and ' +
    'ends. The token has to be valid at the start.\n\nThe example, and the schema, are of one line.',
  parameters: [
    preferHeader,
    {
      name: 'Content-Encoding',
      in: 'header',
      description: '`gzip`, if the body is compressed.',
      schema: { type: 'string' },
    },
  ],
  request: {
    body: { required: true, content: { [ndjson]: { schema: batchLine, example: exampleLines[0] } } },
  },
  responses: {
    200: { description: 'An outcome per line.', content: { [ndjson]: { schema: batchOutcome } } },
    ...problemResponses(400, 415),
  },
});

/** Many changes in one request, each as by its own route. */
export function registerBatchDialogs(app: GatewayApp, deps: BatchRouteDeps): void {
  const { limits, closing, registry, log } = deps;
  const total = createAllowance({ linesMax: limits.batchTotalLinesMax, bytesMax: limits.batchTotalBytesMax });
  const linesTotal = new Counter({
    name: 'dialog_batch_lines_total',
    help: 'Lines of batches that have been answered, by status.',
    labelNames: ['status'],
    registers: [registry],
  });
  let batchesCount = 0;
  new Gauge({
    name: 'dialog_batches',
    help: 'Batches that are being answered.',
    registers: [registry],
    collect() {
      this.set(batchesCount);
    },
  });

  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), (c) => {
    const encoding = (c.req.header('content-encoding') ?? 'identity').toLowerCase();
    const isReadable = encoding === 'identity' || encoding === 'gzip';
    if (!isReadable || !isOfType(c, [ndjson])) return problemResponse(c, problemOf(415));
    if (closing.aborted || batchesCount >= limits.batchesMax) return unavailable();
    const { body } = c.req.raw;
    // Inflated in small pieces, as lines are read.
    const lines = encoding === 'gzip' ? (body?.pipeThrough(new DecompressionStream('gzip')) ?? null) : body;
    return answer(c, lines);
  });

  function answer(c: GatewayContext, lines: ReadableStream<Uint8Array> | null): Response {
    const { outgoing, takeYourTime } = { ...c.env };
    takeYourTime?.();
    const preference = parsePrefer(c.req.header('prefer'));
    const applied = appliedPreference(preference, limits, { accepted: true });
    const startedAt = performance.now();
    const caller = callerOf(c);
    const { traceparent } = caller;
    const onEnd = (summary: BatchSummary) => {
      batchesCount -= 1;
      const durationMs = Math.round(performance.now() - startedAt);
      for (const [status, count] of Object.entries(summary.statuses)) linesTotal.inc({ status }, count);
      log.info({ ...summary, durationMs, traceparent, org: caller.serviceOwner.org }, 'batch answered');
    };
    batchesCount += 1;
    const outcomes = answerLines(
      { ...deps, total, problemOfFault: (fault) => problemOfFault(fault, log) },
      caller,
      lines,
      {
        waitMs: writeWaitMs(preference, limits),
        cut: () => {
          if (outgoing?.writableFinished === false) outgoing.destroy();
        },
        onEnd,
      },
    );
    return new Response(outcomes, {
      headers: {
        'Content-Type': ndjson,
        'Cache-Control': 'no-store',
        // Proxies that collect an answer before they pass it on would stop the reading of lines.
        'X-Accel-Buffering': 'no',
        ...(applied !== undefined && { 'Preference-Applied': applied }),
      },
    });
  }
}
