import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, credsAuthenticator, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Logger } from 'pino';

const reconnectMs = 250;
const connectTimeoutMs = 5_000;
/** A server that is silently gone is noticed after this, twice. The default is two minutes. */
const pingIntervalMs = 5_000;

/** A connection to NATS that may be away at any time, at the start too. */
export type Nats = {
  isConnected(): boolean;
  /** The connection of the moment; undefined before the first. One that is away stays, and reconnects. */
  connection(): NatsConnection | undefined;
  /** Resolves with the first connection. */
  whenConnected(): Promise<NatsConnection>;
  /**
   * Sends if it can at once. What is published while NATS is away would wait in memory without a bound, so it is not.
   *
   * @returns whether it was handed to the connection; at most once, like everything on core NATS
   * @throws when the payload is larger than the server takes
   */
  publish(subject: string, payload: string): boolean;
  /**
   * Listens from now on, through every reconnect, until the returned function is called.
   *
   * @param group those of one group share what comes
   */
  subscribe(subject: string, onMessage: (payload: string, subject: string) => void, group?: string): () => void;
  /** Calls back each time that NATS is there again: what was sent meanwhile has been missed. */
  onReturn(callback: () => void): void;
  /**
   * Asks whoever serves the subject.
   *
   * @throws while NATS is away, when nobody serves, and when there is no answer within `timeoutMs`
   */
  request(subject: string, payload: string, timeoutMs: number): Promise<string>;
  /**
   * Answers requests from now on, together with others of the same name: each gets one answer. A request whose answer
   * throws gets none.
   */
  serve(subject: string, answer: (payload: string) => Promise<string>): void;
  /** Rejects while NATS is away. */
  healthCheck(): Promise<void>;
  /** Hears no more, and closes when the requests that have come are answered. */
  close(): Promise<void>;
};

type Listener = {
  subject: string;
  group: string | undefined;
  onMessage: (message: Msg) => void;
  subscription?: Subscription;
};

/**
 * Connects in the background, and returns before that: nothing here needs NATS to start, and no outage ends anything.
 *
 * @param credsFile a NATS credentials file (user JWT and seed); read again at each connect, so that it can be rotated
 * @throws when the credentials file cannot be read
 */
export function openNats({
  servers,
  credsFile,
  name,
  log,
}: {
  servers: string | string[];
  credsFile?: string;
  name: string;
  log: Logger;
}): Nats {
  const closing = new AbortController();
  const listeners = new Set<Listener>();
  const returned: (() => void)[] = [];
  /** Answers that are being worked out. */
  const underWay = new Set<Promise<void>>();
  const first = Promise.withResolvers<NatsConnection>();
  let current: NatsConnection | undefined;
  let connected = false;
  const authenticator = credsFile === undefined ? undefined : credsAuthenticator(() => readFileSync(credsFile));
  if (credsFile !== undefined) readFileSync(credsFile);

  // The client reconnects by itself once it was connected. This loop is for the first time, and for when it gives up.
  const ended = keepConnected();

  return {
    isConnected: () => connected,
    connection: () => current,
    whenConnected: () => first.promise,
    publish(subject, payload) {
      if (!connected || current === undefined || current.isDraining() || current.isClosed()) return false;
      current.publish(subject, payload);
      return true;
    },
    subscribe(subject, onMessage, group) {
      const listener: Listener = {
        ...{ subject, group },
        onMessage: (message) => onMessage(message.string(), message.subject),
      };
      add(listener);
      return () => {
        listeners.delete(listener);
        if (current?.isClosed() === false) listener.subscription?.unsubscribe();
      };
    },
    onReturn(callback) {
      returned.push(callback);
    },
    async request(subject, payload, timeoutMs) {
      if (!connected || current === undefined) throw new Error('NATS is not connected.');
      return (await current.request(subject, payload, { timeout: timeoutMs })).string();
    },
    serve(subject, answer) {
      const respond = async (message: Msg): Promise<void> => {
        try {
          message.respond(await answer(message.string()));
        } catch (err) {
          log.error({ err, subject }, 'nats request not answered');
        }
      };
      const onMessage = (message: Msg) => {
        const answering = respond(message).finally(() => underWay.delete(answering));
        underWay.add(answering);
      };
      add({ subject, group: name, onMessage });
    },
    async healthCheck() {
      if (!connected) throw new Error('NATS is not connected.');
      await current?.flush();
    },
    async close() {
      closing.abort();
      if (connected) {
        const subscriptions = [...listeners].flatMap(({ subscription }) => subscription ?? []);
        await Promise.allSettled(subscriptions.map((subscription) => subscription.drain()));
        await Promise.all(underWay);
      }
      if (connected) await current?.drain();
      else await current?.close();
      await ended;
    },
  };

  function add(listener: Listener): void {
    listeners.add(listener);
    if (current !== undefined && !current.isClosed()) listen(current, listener);
  }

  async function keepConnected(): Promise<void> {
    let reported = false;
    while (!closing.signal.aborted) {
      try {
        current = await connect({
          servers,
          name,
          // Answers to others must not be there for it to hear.
          inboxPrefix: `dialogporten.inbox.${name}`,
          timeout: connectTimeoutMs,
          pingInterval: pingIntervalMs,
          maxReconnectAttempts: -1,
          reconnectTimeWait: reconnectMs,
          // A server that was restarted with other keys for a moment must not end the connection for good.
          ignoreAuthErrorAbort: true,
          ...(authenticator !== undefined && { authenticator }),
        });
      } catch (err) {
        if (!reported) log.warn({ err }, 'nats not reachable, trying on');
        reported = true;
        await delay(reconnectMs, undefined, { signal: closing.signal }).catch(() => {});
        continue;
      }
      if (closing.signal.aborted) {
        await current.close();
        return;
      }
      connected = true;
      reported = false;
      log.info('nats connected');
      for (const listener of listeners) listen(current, listener);
      first.resolve(current);
      for (const callback of returned) callback();
      await untilClosed(current);
      connected = false;
    }
  }

  async function untilClosed(connection: NatsConnection): Promise<void> {
    const watching = (async () => {
      for await (const status of connection.status()) {
        if (status.type === 'disconnect') {
          connected = false;
          if (!closing.signal.aborted) log.warn('nats connection lost');
        } else if (status.type === 'reconnect') {
          connected = true;
          log.info('nats connection restored');
          for (const callback of returned) callback();
        } else if (status.type === 'error') {
          log.error({ err: status.error }, 'nats reported an error');
        }
      }
    })();
    const err = await connection.closed();
    if (err instanceof Error && !closing.signal.aborted) log.error({ err }, 'nats connection closed');
    await watching;
  }

  function listen(connection: NatsConnection, listener: Listener): void {
    const { subject, group, onMessage } = listener;
    listener.subscription = connection.subscribe(subject, {
      ...(group !== undefined && { queue: group }),
      callback: (err, message) => {
        if (err !== null) log.error({ err, subject }, 'nats subscription failed');
        else onMessage(message);
      },
    });
  }
}
