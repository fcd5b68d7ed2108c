import { openAltinnEvents } from '@dialog/access/platform/events';
import { openDatabase } from '@dialog/database/open';
import type { Logger } from '@dialog/telemetry/logger';
import type { Registry } from 'prom-client';
import { reader } from './altinn-events.ts';
import type { RelayConfig } from './config.ts';
import { startForwarder } from './forwarder.ts';
import { createForwarderMetrics, registerBacklog, registerHeldBack } from './metrics.ts';
import { watchReceiver } from './receiver.ts';

export type Forwarder = {
  /** @throws why nothing is forwarded */
  check(): Promise<void>;
  close(): Promise<void>;
};

/** The forwarder with what it needs: a pool of its own, whose transactions wait for calls, and its metrics. */
export function openForwarder(
  databaseUrl: string,
  settings: NonNullable<RelayConfig['forwarder']>,
  { log, registry }: { log: Logger; registry: Registry },
): Forwarder {
  const db = openDatabase(databaseUrl, {
    applicationName: 'altinn-forwarder',
    // One for each lane at work; the others for the poll, replays and the metrics.
    connectionsMax: settings.lanesAtOnceMax + 3,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: settings.statementTimeoutMs,
  });
  const metrics = createForwarderMetrics(registry);
  registerBacklog(registry, 'dialog_forwarder', { db, reader });
  registerHeldBack(registry, 'dialog_forwarder', { db, reader });
  const receiver = watchReceiver(openAltinnEvents(settings.altinn, log), { log, metrics });
  const sessions = startForwarder({ db, receiver, log, metrics }, settings);
  return {
    async check() {
      await sessions.check();
      if (receiver.isAway()) throw new Error('Altinn Events fails at everything.');
    },
    async close() {
      await sessions.stop();
      await db.destroy();
    },
  };
}
