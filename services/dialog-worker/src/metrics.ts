import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

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

/** The daily partitions, as every worker sees them, and what this one does about them. */
export function createRetentionMetrics(registry: Registry) {
  const registers = [registry];
  return {
    oldest: new Gauge({
      name: 'dialog_partitions_oldest_seconds',
      help: "Age of the beginning of a table's oldest daily partition.",
      labelNames: ['table'],
      registers,
    }),
    ahead: new Gauge({
      name: 'dialog_partitions_ahead_days',
      help: 'How many days after today have their partitions without a gap. At 0, writes end at midnight (UTC).',
      labelNames: ['table'],
      registers,
    }),
    overdue: new Gauge({
      name: 'dialog_partitions_overdue',
      help: 'Partitions that are older than they are kept: a reader of the outbox is behind, or nobody drops them.',
      labelNames: ['table'],
      registers,
    }),
    finished: new Gauge({
      name: 'dialog_retention_finished_timestamp_seconds',
      help: 'When old partitions were last looked for to the end, by whichever worker.',
      registers,
    }),
    dropped: new Counter({
      name: 'dialog_partitions_dropped_total',
      help: 'Partitions that this worker has dropped.',
      registers,
    }),
    faults: new Counter({
      name: 'dialog_retention_faults_total',
      help: 'How often this worker could not drop old partitions, or not look at them.',
      registers,
    }),
  };
}
export type RetentionMetrics = ReturnType<typeof createRetentionMetrics>;
