import type { AltinnEvents, Handover } from '@dialog/access/platform/events';
import type { Logger } from '@dialog/telemetry/logger';
import type { ForwarderMetrics } from './metrics.ts';

/** Altinn Events, and what can be told of it by how it has answered. */
export type Receiver = {
  publish(dialogId: string, event: string): Promise<Handover>;
  /** Whether it fails at everything, and is only tried now and then. */
  isAway(): boolean;
  /** Whether it has answered for an event after this moment, given in milliseconds. */
  hasAnsweredSince(epochMs: number): boolean;
  /** Calls the listener whenever it is back; there is one listener. */
  onReturn(listener: () => void): void;
};

/** With events of so many dialogs failing, and none delivered in between, it is not the events. */
const failingDialogsMax = 3;

export function watchReceiver(
  { publish }: AltinnEvents,
  { log, metrics }: { log: Logger; metrics: ForwarderMetrics },
): Receiver {
  const failing = new Set<string>();
  let answeredAt = Number.NEGATIVE_INFINITY;
  let listener: (() => void) | undefined;
  const isAway = () => failing.size >= failingDialogsMax;

  return {
    isAway,
    hasAnsweredSince: (epochMs) => answeredAt > epochMs,
    onReturn(wanted) {
      listener = wanted;
    },
    async publish(dialogId, event) {
      const done = metrics.calls.startTimer();
      const handover = await publish(event);
      done();
      metrics.events.inc({ result: handover.kind });
      const wasAway = isAway();
      if (handover.kind === 'failed') {
        if (!wasAway) failing.add(dialogId);
        if (!wasAway && isAway()) log.warn({ reason: handover.reason }, 'Altinn Events is away');
      } else {
        answeredAt = Date.now();
        failing.clear();
        if (wasAway) {
          log.info('Altinn Events is back');
          listener?.();
        }
      }
      metrics.away.set(isAway() ? 1 : 0);
      return handover;
    },
  };
}
