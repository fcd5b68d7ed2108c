import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import * as outboxCursors from '@dialog/database/tables/outbox-cursors';
import type { MessageSettings } from '@dialog/events/event-messages';
import { laneOfSignal, outboxSignals } from '@dialog/events/outbox-signal';
import { openPublisher, type PublishSettings } from '@dialog/events/publish';
import { ensureEventStream, type StreamSettings } from '@dialog/events/stream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { type BatchDeps, reader, relayBatch } from './relay-batch.ts';
import { type Rotation, startRotation } from './rotation.ts';

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

export type Relay = {
  /** Resolves when events are being relayed. @throws why they are not */
  check(): Promise<void>;
  /** Finishes the batches in hand and returns when nothing is left to close. */
  stop(): Promise<void>;
};

type RelayDeps = Omit<BatchDeps, 'publisher'>;

const retryMinMs = 50;
/** A server that is silently gone is noticed after this, twice. */
const pingIntervalMs = 5_000;
/** A session that lived this long ends an outage; a shorter one was part of it. */
const steadyMs = 5_000;

/**
 * Moves the outbox to JetStream for as long as it is not told to stop.
 *
 * It works in sessions. A session has one connection to NATS and ends with the first fault, of NATS or of Postgres: in
 * which state a fault has left things is not reasoned about. The next session starts from the cursors, and JetStream
 * drops what it has already. While NATS or Postgres is away, sessions are tried at growing intervals.
 */
export function startRelay(deps: RelayDeps, settings: RelaySettings): Relay {
  const { log, metrics } = deps;
  const stopping = new AbortController();
  /** Why nothing is relayed; undefined while it is. */
  let fault: unknown = new Error('Relaying has not begun yet.');
  const ended = keepRelaying();

  return {
    async check() {
      if (fault !== undefined) throw fault;
    },
    async stop() {
      stopping.abort();
      await ended;
    },
  };

  async function keepRelaying(): Promise<void> {
    let retryMs = retryMinMs;
    let reported: string | undefined;
    let recoveryIsNews = false;
    while (!stopping.signal.aborted) {
      let runningSince = Number.POSITIVE_INFINITY;
      try {
        await runSession(deps, settings, stopping.signal, () => {
          fault = undefined;
          runningSince = performance.now();
          if (recoveryIsNews) log.info('relaying again');
          recoveryIsNews = false;
        });
      } catch (err) {
        fault = err;
        metrics.interruptions.inc();
        if (performance.now() - runningSince > steadyMs) {
          retryMs = retryMinMs;
          reported = undefined;
        }
        // Once for each way in which it fails: an outage is hundreds of attempts.
        const message = err instanceof Error ? err.message : 'unknown fault';
        if (message !== reported) {
          log.warn({ err }, 'relaying interrupted, trying on');
          reported = message;
          recoveryIsNews = true;
        }
        await delay(retryMs, undefined, { signal: stopping.signal }).catch(() => {});
        retryMs = Math.min(settings.retryMaxMs, retryMs * 2);
      }
    }
  }
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
      await poll(deps, settings.pollMs, rotation, AbortSignal.any([stopping, over.signal]), onRunning);
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

/** Wakes the lanes that are behind, also those whose signal was lost. */
async function poll(
  { db }: RelayDeps,
  pollMs: number,
  rotation: Rotation,
  until: AbortSignal,
  onRunning: () => void,
): Promise<void> {
  for (let round = 0; !until.aborted; round += 1) {
    // Lanes may be added while we run.
    await outboxCursors.ensure(db, reader);
    for (const { lane } of await outboxCursors.behind(db, reader)) rotation.wake(lane);
    if (round === 0) onRunning();
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
