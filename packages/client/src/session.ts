import { connect, credsAuthenticator, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Access } from './open-access.ts';

/** One connection to NATS, for as long as its credentials last. */
export type Session = {
  /** Has what comes from now on handed over. Whoever was listening before must have stopped, or order is lost. */
  listen(): Promise<void>;
  /** Hands over what is on its way, and hears no more events. */
  stopListening(): Promise<void>;
  publish(subject: string, payload: string): void;
  /** Where events may be confirmed. */
  confirmsTo: ReadonlySet<string>;
  /** Resolves when the connection is gone, with the reason if there is one. */
  closed: Promise<unknown>;
  close(): Promise<void>;
};

export type Handlers = {
  /** `confirmTo` is where the event is confirmed. */
  onEvent(message: Msg, confirmTo: string): void;
  onConfirmed(confirmTo: string, lines: readonly string[]): void;
};

const connectTimeoutMs = 10_000;
/** A server that is silently gone is noticed after this, twice. */
const pingIntervalMs = 10_000;

/**
 * Connects, and does not reconnect: in which state a fault has left things is not reasoned about. The next session has
 * delivered again what this one lost.
 *
 * @throws when NATS cannot be reached, or does not let us in
 */
export async function openSession(access: Access, { onEvent, onConfirmed }: Handlers): Promise<Session> {
  const connection = await connect({
    servers: access.servers,
    authenticator: credsAuthenticator(new TextEncoder().encode(access.credentials)),
    timeout: connectTimeoutMs,
    pingInterval: pingIntervalMs,
    reconnect: false,
  });
  const { promise: failed, resolve: fail } = Promise.withResolvers<unknown>();
  const deliveries: Subscription[] = [];
  for (const { confirmedOn, confirmTo } of access.deliveries) {
    connection.subscribe(confirmedOn, {
      callback: (err, message) => (err === null ? onConfirmed(confirmTo, message.string().split('\n')) : fail(err)),
    });
  }

  return {
    async listen() {
      for (const { subject, confirmTo } of access.deliveries) {
        deliveries.push(
          connection.subscribe(subject, {
            queue: access.queue,
            callback: (err, message) => {
              try {
                if (err !== null) throw err;
                onEvent(message, confirmTo);
              } catch (fault) {
                fail(fault);
              }
            },
          }),
        );
      }
      await connection.flush();
    },
    async stopListening() {
      await Promise.all(deliveries.splice(0).map((delivery) => drained(connection, delivery)));
    },
    publish: (subject, payload) => connection.publish(subject, payload),
    confirmsTo: new Set(access.deliveries.map(({ confirmTo }) => confirmTo)),
    closed: Promise.race([failed, connection.closed()]),
    close: () => connection.close(),
  };
}

async function drained(connection: NatsConnection, delivery: Subscription): Promise<void> {
  if (connection.isClosed()) return;
  // A connection that breaks meanwhile has nothing more to hand over.
  await Promise.race([delivery.drain().catch(() => {}), connection.closed()]);
}
