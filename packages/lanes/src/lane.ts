import { hash } from 'node:crypto';

/** What all processes on one set of lanes must have in common. */
export type LaneSet = {
  /** Begins every Redis key, so that several installations can share one Redis. */
  prefix: string;
  laneCount: number;
};

/**
 * One for each of two cores. Most of an envelope's cost is its own, and few lanes make few and large ones: 300 creates a
 * second whose callers wait for 202 alone are 70 envelopes a second on two lanes, and 136 on four. A lane carries thousands
 * of commands a second; more lanes are for more cores, and for a slow command to keep fewer others waiting.
 */
export const defaultLaneCount = 2;

/**
 * The lane of a dialog, 0 to laneCount - 1: the same in every process and for all time, whatever the case of the id.
 * Another function, or another number of lanes, would send a dialog's next command past those that still wait.
 */
export function laneOf(dialogId: string, laneCount: number): number {
  const digest = hash('sha1', dialogId.toLowerCase(), 'hex');
  return Number.parseInt(digest.slice(0, 8), 16) % laneCount;
}

/**
 * The name of a lane's BullMQ queue. The braces are a Redis Cluster hash tag: everything that belongs to one lane lives
 * on one slot, as BullMQ's scripts need it, and the lanes spread over the nodes.
 */
export function queueNameOf(lane: number): string {
  return `{lane-${lane}}`;
}

/** Where the operation of a command is kept while it waits on its lane. On the lane's own slot. */
export function queuedOperationKey(prefix: string, lane: number, commandId: string): string {
  return `${prefix}:queued:${queueNameOf(lane)}:${commandId}`;
}

export function laneCountKey(prefix: string): string {
  return `${prefix}:lane-count`;
}

/** The NATS subject on which one gateway process receives the outcomes of its commands. */
export function replySubject(gatewayId: string): string {
  return `dialogporten.replies.${gatewayId}`;
}

/** BullMQ wants a name for each job; lanes carry one kind only. */
export const envelopeJobName = 'envelope';

/** How a lane's queue is set up by those who put envelopes on it. Nobody reads BullMQ's event stream: keep it short. */
export const queueOptions = { streams: { events: { maxLen: 0 } }, skipVersionCheck: true } as const;

/** What is the same for every worker of a lane; times are in its settings. */
export const workerOptions = {
  /** One envelope at a time, in each worker here and in all of them by the queue's global concurrency. */
  concurrency: 1,
  /** BullMQ fails a job for good that loses its worker more often than this. Our callers were told 202: never. */
  maxStalledCount: Number.MAX_SAFE_INTEGER,
  /** What is left of an envelope is in the operation table; kept jobs would cost memory and Redis commands. */
  removeOnComplete: { count: 0 },
  /** No job fails by our doing. Should one, an operator finds it here. */
  removeOnFail: { count: 1_000 },
  /**
   * Seconds that an idle worker waits to be woken before it looks by itself. BullMQ wakes nobody when a closing worker
   * leaves envelopes behind, so this is how long a lane may pause then.
   */
  drainDelay: 1,
  /** Pause before a call is tried again that failed with Redis gone, in milliseconds. BullMQ's 15 s outlast an outage. */
  runRetryDelay: 500,
  skipVersionCheck: true,
} as const;
