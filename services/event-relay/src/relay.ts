import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import * as outboxCursors from '@dialog/database/tables/outbox-cursors';
import type { MessageSettings } from '@dialog/events/event-messages';
import { laneOfSignal, outboxSignals } from '@dialog/events/outbox-signal';
import { openPublisher, type PublishSettings } from '@dialog/events/publish';
import { ensureEventStream, type StreamSettings } from '@dialog/events/stream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { type BatchDeps, reader, relayBatch } from './relay-batch.ts';
import { replayRefusals } from './replay-refusals.ts';
import { type Rotation, startRotation } from './rotation.ts';
import { type Sessions, startSessions } from './sessions.ts';

export type RelaySettings = {
  nats: { servers: string[]; credsFile: string | undefined; connectTimeoutMs: number };
  stream: StreamSettings;
  publish: PublishSettings;
  messages: MessageSettings;
  batchRowsMax: number;
  lanesAtOnceMax: number;
  pollMs: number;
  retryMaxMs: number;
};

type RelayDeps = Omit<BatchDeps, 'publisher'>;

/** A server that is silently gone is noticed after this, twice. */
const pingIntervalMs = 5_000;

/**
 * Moves the outbox to JetStream for as long as it is not told to stop.
 *
 * A session has one connection to NATS and ends with the first fault, of NATS or of Postgres. The next one starts from the
 * cursors, and JetStream drops what it has already.
 */
export function startRelay(deps: RelayDeps, settings: RelaySettings): Sessions {
  const { log, metrics } = deps;
  return startSessions((stopping, onRunning) => runSession(deps, settings, stopping, onRunning), {
    doing: 'relaying',
    retryMaxMs: settings.retryMaxMs,
    log,
    interruptions: metrics.interruptions,
  });
}

/** @param onRunning NATS and Postgres have both answered, the stream is there */
async function runSession(
  deps: RelayDeps,
  settings: RelaySettings,
  stopping: AbortSignal,
  onRunning: () => void,
): Promise<void> {
  const { db } = deps;
  await outboxCursors.ensure(db, reader);
  const connection = await openConnection(settings.nats);
  const over = new AbortController();
  try {
    await ensureEventStream(connection, settings.stream);
    const publisher = openPublisher(connection, settings.publish);
    const { promise: broken, reject: onFault } = Promise.withResolvers<never>();
    const rotation = startRotation({
      turn: (lane) =>
        relayBatch({ ...deps, publisher }, { ...settings.messages, batchRowsMax: settings.batchRowsMax }, lane),
      turnsAtOnceMax: settings.lanesAtOnceMax,
      onFault,
    });
    watch(connection, onFault);
    connection.subscribe(outboxSignals, {
      callback: (err, signal) => (err === null ? rotation.wake(laneOfSignal(signal.subject)) : onFault(err)),
    });
    const relaying = async () => {
      // Once it says that it is running, it hears every signal.
      await connection.flush();
      await poll({ ...deps, publisher }, settings, rotation, AbortSignal.any([stopping, over.signal]), onRunning);
    };
    try {
      await Promise.race([relaying(), broken]);
    } catch (err) {
      // Ends the turns that wait for acknowledgements.
      await connection.close();
      throw err;
    } finally {
      await rotation.stop();
    }
  } finally {
    over.abort();
    await connection.close();
  }
}

/** Wakes the lanes that are behind, also those whose signal was lost, and replays what an operator has asked for. */
async function poll(
  deps: BatchDeps,
  { pollMs, messages }: RelaySettings,
  rotation: Rotation,
  until: AbortSignal,
  onRunning: () => void,
): Promise<void> {
  const { db } = deps;
  for (let round = 0; !until.aborted; round += 1) {
    // Lanes may be added while we run.
    await outboxCursors.ensure(db, reader);
    for (const { lane } of await outboxCursors.behind(db, reader)) rotation.wake(lane);
    if (round === 0) onRunning();
    await replayRefusals(deps, messages);
    await delay(pollMs, undefined, { signal: until }).catch(() => {});
  }
}

/** One that does not reconnect by itself: see openPublisher. */
function openConnection({ servers, credsFile, connectTimeoutMs }: RelaySettings['nats']): Promise<NatsConnection> {
  return connect({
    servers,
    name: reader,
    timeout: connectTimeoutMs,
    pingInterval: pingIntervalMs,
    reconnect: false,
    ...(credsFile !== undefined && { authenticator: credsAuthenticator(readFileSync(credsFile)) }),
  });
}

function watch(connection: NatsConnection, onFault: (fault: unknown) => void): void {
  void connection.closed().then((err) => onFault(err ?? new Error('The connection to NATS was closed.')));
  void (async () => {
    for await (const status of connection.status()) {
      // A right that is missing shows only here; the message in question is just never answered.
      if (status.type === 'error') onFault(status.error);
    }
  })();
}
