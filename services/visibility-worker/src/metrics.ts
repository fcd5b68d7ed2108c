import { epochMsOf } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as dueDialogs from '@dialog/database/tables/due-dialogs';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export function createVisibilityMetrics(registry: Registry) {
  const registers = [registry];
  return {
    commands: new Counter({
      name: 'dialog_visibility_commands_total',
      help: 'Commands that were sent because time had passed, by status. Those still queued were not waited for any longer.',
      labelNames: ['status'],
      registers,
    }),
    lateness: new Histogram({
      name: 'dialog_visibility_lateness_seconds',
      help: 'From the moment at which a dialog was due to the commit of what it was due for.',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600],
      registers,
    }),
    laneFull: new Counter({
      name: 'dialog_visibility_lane_full_total',
      help: 'How often a command had to wait because its lane was full.',
      registers,
    }),
  };
}
export type VisibilityMetrics = ReturnType<typeof createVisibilityMetrics>;

/** How far all visibility-workers together are behind, asked of the database when somebody reads the metrics. */
export function registerOverdue(registry: Registry, db: Database): void {
  const gauge = new Gauge({
    name: 'dialog_visibility_overdue_seconds',
    help: 'For how long the first dialog has been due. No value while the database does not answer.',
    registers: [registry],
    async collect() {
      try {
        const first = await dueDialogs.firstDueAt(db);
        gauge.set(first === undefined ? 0 : Math.max(0, Date.now() - epochMsOf(first)) / 1_000);
      } catch {
        // The health check says why. A gauge that fails would take all other metrics with it.
        gauge.reset();
      }
    },
  });
}
