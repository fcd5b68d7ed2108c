/** All lanes' signals: what a relay listens to. */
export const outboxSignals = 'dialogporten.outbox.*';

/**
 * The core NATS subject on which a worker says, after a commit, that a lane's outbox has grown. Without payload, at most
 * once: it only saves the relay the rest of its pause.
 */
export function outboxSignal(lane: number): string {
  return `dialogporten.outbox.${lane}`;
}

/** The lane that a signal's subject speaks of. */
export function laneOfSignal(subject: string): number {
  return Number(subject.slice(subject.lastIndexOf('.') + 1));
}
