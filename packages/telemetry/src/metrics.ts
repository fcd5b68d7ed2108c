import { collectDefaultMetrics, Registry } from 'prom-client';

/**
 * The registry of one process: every metric carries the label `service`, and the process' own (memory, event loop lag,
 * garbage collection) are in it. Declare more where they are measured, with prom-client's own classes:
 *
 * ```ts
 * const applied = new Counter({ name: 'dialog_commands_applied_total', help: '…', registers: [registry] });
 * ```
 */
export function createMetrics(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}
