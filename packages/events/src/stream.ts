import { isDeepStrictEqual } from 'node:util';
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
  type StreamUpdateConfig,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { allEvents } from './subjects.ts';

/** The JetStream stream that keeps all events. */
export const eventStream = 'DIALOG_EVENTS';

export type StreamSettings = {
  /** How many servers keep a copy. More than one needs a cluster. */
  replicas: number;
  /** How long events are kept. A subscriber that stays away longer misses some. */
  ageMaxMs: number;
  /**
   * How much room they may take; the oldest go first. The server sets it aside on its disk, and refuses a stream for
   * which it has too little. A stored message costs it about 300 bytes of memory as well, for each has a subject of its
   * own (measured with 2.9.10: 450 MB with 1.5 million messages).
   */
  bytesMax: number;
  /**
   * For how long JetStream knows a message id again. It must outlast what can lie between storing a message and
   * publishing it once more: the restart of a relay that was killed, of NATS, of Postgres. A repetition after that is
   * stored twice. Each id costs the server about 400 bytes of memory meanwhile (measured with 2.9.10).
   */
  duplicateWindowMs: number;
};

/**
 * Makes the stream, or gives the one that is there these settings. What an operator set beside them stays.
 *
 * Uses nothing that nats-server 2.9 lacks.
 *
 * @throws what JetStream answers: no room, too few servers, a setting that cannot be changed any more
 */
export async function ensureEventStream(connection: NatsConnection, settings: StreamSettings): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const wanted = {
    subjects: [allEvents],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    num_replicas: settings.replicas,
    max_age: nanos(settings.ageMaxMs),
    max_bytes: settings.bytesMax,
    duplicate_window: nanos(settings.duplicateWindowMs),
  };
  const existing = await findStream(manager);
  // A new stream is refused by the server itself. One that is there it changes to any number, and keeps its one copy.
  if (existing !== undefined && existing.cluster === undefined && settings.replicas > 1) {
    throw new Error(`There are to be ${settings.replicas} replicas of ${eventStream}, and NATS is no cluster.`);
  }
  if (existing === undefined) {
    await manager.streams.add({ name: eventStream, ...wanted });
  } else if (!isDeepStrictEqual({ ...existing.config, ...wanted }, existing.config)) {
    // Kind of storage and of retention are fixed; a stream that has others is refused here, not quietly used.
    const update: Partial<StreamUpdateConfig> = wanted;
    await manager.streams.update(eventStream, update);
  }
}

async function findStream(manager: JetStreamManager): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(eventStream);
  } catch (err) {
    if (err instanceof JetStreamApiError && err.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw err;
  }
}
