import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What a gateway measures about its lanes. Once per registry. */
export function createSubmitMetrics(registry: Registry) {
  const registers = [registry];
  return {
    depth: new Gauge({
      name: 'dialog_lane_depth_envelopes',
      help: 'Envelopes that wait on a lane in Redis, all gateways together.',
      labelNames: ['lane'],
      registers,
    }),
    envelopeCommands: new Histogram({
      name: 'dialog_lane_envelope_commands',
      help: 'Commands in one envelope.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    }),
    refused: new Counter({
      name: 'dialog_lane_commands_refused_total',
      help: 'Commands that were not accepted, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    polled: new Counter({
      name: 'dialog_lane_replies_lost_total',
      help: 'Outcomes that a caller waited for and that were found by polling, because no reply came.',
      registers,
    }),
  };
}
export type SubmitMetrics = ReturnType<typeof createSubmitMetrics>;

/** What a worker measures about its lanes. Once per registry, for all lanes of the process. */
export function createWorkMetrics(registry: Registry) {
  const registers = [registry];
  return {
    queued: new Histogram({
      name: 'dialog_lane_wait_seconds',
      help: 'Time from putting an envelope on its lane to beginning with it.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    retries: new Counter({
      name: 'dialog_lane_retries_total',
      help: 'Envelopes tried again in place after an infrastructure fault.',
      labelNames: ['lane'],
      registers,
    }),
    refusedEnvelopes: new Counter({
      name: 'dialog_lane_envelopes_not_worked_total',
      help: 'Envelopes left in place (foreign) or handed over as unreadable.',
      labelNames: ['lane', 'reason'],
      registers,
    }),
    repliesNotSent: new Counter({
      name: 'dialog_lane_replies_not_sent_total',
      help: 'Replies that could not be published; their callers poll.',
      registers,
    }),
  };
}
export type WorkMetrics = ReturnType<typeof createWorkMetrics>;
