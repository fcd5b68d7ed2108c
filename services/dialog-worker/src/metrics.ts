import { Counter, Histogram, type Registry } from 'prom-client';

/** What this service does, apart from what the lanes measure. */
export function createApplyMetrics(registry: Registry) {
  return {
    commands: new Counter({
      name: 'dialog_commands_total',
      help: 'Commands that have ended, by kind and status.',
      labelNames: ['kind', 'status'],
      registers: [registry],
    }),
    duration: new Histogram({
      name: 'dialog_envelope_apply_seconds',
      help: 'From an envelope in hand to its commit.',
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
      registers: [registry],
    }),
  };
}
