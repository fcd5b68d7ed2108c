import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import * as outboxBypasses from '@dialog/database/tables/outbox-bypasses';
import * as outboxCursors from '@dialog/database/tables/outbox-cursors';
import type { MessageSettings } from '@dialog/events/event-messages';
import { laneOfSignal, outboxSignals } from '@dialog/events/outbox-signal';
import { openPublisher, type PublishSettings } from '@dialog/events/publish';
import { ensureEventStream, type StreamSettings } from '@dialog/events/stream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import type { BypassSettings } from './bypass.ts';
import { reader } from './deliver.ts';
import { relayAhead } from './relay-ahead.ts';
import { type BatchDeps, relayBatch } from './relay-batch.ts';
import { replayRefusals } from './replay-refusals.ts';
import { startRotation } from './rotation.ts';
import { type Sessions, startSessions } from './sessions.ts';

export type RelaySettings = {
  nats: { servers: string[]; credsFile: string | undefined; connectTimeoutMs: number };
  stream: StreamSettings;
  publish: PublishSettings;
  messages: MessageSettings;
  bypass: BypassSettings;
  /** Lanes whose rows are published at the same time; and as many again where changes pass a backlog. */
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
    const relayed = startTurns({ ...deps, publisher }, settings, onFault);
    watch(connection, onFault);
    connection.subscribe(outboxSignals, {
      callback: (err, signal) => (err === null ? relayed.wake(laneOfSignal(signal.subject)) : onFault(err)),
    });
    const relaying = async () => {
      // Once it says that it is running, it hears every signal.
      await connection.flush();
      await poll({ ...deps, publisher }, settings, relayed, AbortSignal.any([stopping, over.signal]), onRunning);
    };
    try {
      await Promise.race([relaying(), broken]);
    } catch (err) {
      // Ends the turns that wait for acknowledgements.
      await connection.close();
      throw err;
    } finally {
      await relayed.stop();
    }
  } finally {
    over.abort();
    await connection.close();
  }
}

type Turns = {
  /** There may be something new on this lane. */
  wake(lane: number): void;
  /** Other relays open bypasses too. These lanes have one at the moment. */
  setBypassed(lanes: readonly number[]): void;
  stop(): Promise<void>;
};

/** Gives lanes their turns, and those with a bypass the turns ahead too, apart from the others, which take longer. */
function startTurns(deps: BatchDeps, settings: RelaySettings, onFault: (fault: unknown) => void): Turns {
  const batch = { ...settings.messages, ...settings.bypass };
  /** May be behind the truth, either way: a turn ahead without a bypass does nothing. */
  const bypassed = new Set<number>();
  const inOrder = startRotation({
    async turn(lane) {
      const { more, isBypassed } = await relayBatch(deps, batch, lane);
      if (isBypassed && !bypassed.has(lane)) {
        bypassed.add(lane);
        ahead.wake(lane);
      } else if (!isBypassed) {
        bypassed.delete(lane);
      }
      return more;
    },
    turnsAtOnceMax: settings.lanesAtOnceMax,
    onFault,
  });
  const ahead = startRotation({
    turn: (lane) => relayAhead(deps, batch, lane),
    turnsAtOnceMax: settings.lanesAtOnceMax,
    onFault,
  });
  function wake(lane: number): void {
    inOrder.wake(lane);
    if (bypassed.has(lane)) ahead.wake(lane);
  }

  return {
    wake,
    setBypassed(lanes) {
      bypassed.clear();
      for (const lane of lanes) {
        bypassed.add(lane);
        wake(lane);
      }
    },
    async stop() {
      await Promise.all([inOrder.stop(), ahead.stop()]);
    },
  };
}

/** Wakes the lanes that are behind, also those whose signal was lost, and replays what an operator has asked for. */
async function poll(
  deps: BatchDeps,
  { pollMs, messages }: RelaySettings,
  turns: Turns,
  until: AbortSignal,
  onRunning: () => void,
): Promise<void> {
  const { db } = deps;
  for (let round = 0; !until.aborted; round += 1) {
    // Lanes may be added while we run.
    await outboxCursors.ensure(db, reader);
    const [behind, bypassed] = await Promise.all([outboxCursors.behind(db, reader), outboxBypasses.lanes(db, reader)]);
    turns.setBypassed(bypassed);
    for (const { lane } of behind) turns.wake(lane);
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
