import { eventStream } from './stream.ts';

/**
 * The NATS account that all subscribers are in, and what passes between it and the services' account: messages that
 * nobody answers, in one direction each.
 *
 * In NATS the sender of a request chooses where the answer goes, unchecked. Whoever may ask JetStream anything in the
 * services' account may have the answer sent to JetStream's own command to delete the stream; whoever may ask across
 * accounts may have it sent to `>`, or to another import, and nothing more is needed to crash the server (nats-server
 * 2.9.10; the second also 2.10.27). So subscribers ask nothing. JetStream pushes events to them, and what they confirm
 * the event-relay passes on.
 */

/** The queue group of all who read one consumer: each event goes to one of them. */
export const deliveryGroup = 'subscribers';

const deliveries = 'dialogporten.deliveries';
const undelivered = 'dialogporten.undelivered';
const confirmations = 'dialogporten.confirmations';
const confirmed = 'dialogporten.confirmed';

/** Confirmations of all subscribers, for the relay. */
export const allConfirmations = `${confirmations}.*`;

/**
 * Where the events of a consumer are delivered, are confirmed, and where it is told that they are. Nobody listens to what
 * is `undelivered`.
 */
export function subjectsOf(consumer: string) {
  return {
    deliveries: `${deliveries}.${consumer}`,
    undelivered: `${undelivered}.${consumer}`,
    confirmations: `${confirmations}.${consumer}`,
    confirmed: `${confirmed}.${consumer}`,
  };
}

/**
 * Which of the lines in a confirmation are acknowledgements of the consumer that the subject names: the reply subjects
 * of events, one a line. NATS has checked that its subscriber may confirm there.
 */
export function confirmedOf(subject: string, payload: string): { consumer: string; acknowledgements: string[] } {
  const consumer = subject.slice(confirmations.length + 1);
  const prefix = `$JS.ACK.${eventStream}.${consumer}.`;
  const lines = new Set(payload.split('\n').filter((line) => line.startsWith(prefix) && acknowledgement.test(line)));
  return { consumer, acknowledgements: [...lines] };
}

const acknowledgement = /^[\w$-]+(?:\.[\w-]+){8}$/;

/** What passes from the services' account to subscribers, and from them to it. */
const toSubscribers = [streamOf(`${deliveries}.*`), streamOf(`${confirmed}.*`)];
const toServices = [streamOf(allConfirmations)];

/** Exports and imports of the two accounts, by their public keys. */
export function accountTraffic({ services, subscribers }: { services: string; subscribers: string }) {
  return {
    services: { exports: toSubscribers, imports: toServices.map((stream) => ({ ...stream, account: subscribers })) },
    subscribers: { exports: toServices, imports: toSubscribers.map((stream) => ({ ...stream, account: services })) },
  };
}

/** The tag in a user's JWT that names a consumer; one for each. */
export const consumerTag = 'consumer';

/**
 * The most that a user may do who is signed with the subscribers' signing key: the account has it as a template, which
 * the server fills in from the user's JWT (nats-server 2.9 and newer). The JWT itself gives no rights.
 */
export const subscriberRights = {
  pub: { allow: [`${confirmations}.{{tag(${consumerTag})}}`] },
  sub: { allow: [`${deliveries}.{{tag(${consumerTag})}}`, `${confirmed}.{{tag(${consumerTag})}}`] },
  /** Of one connection. */
  subs: 1_000,
  data: -1,
  /** Bytes of a confirmation: about 500 events. */
  payload: 65_536,
};

function streamOf(subject: string): { name: string; subject: string; type: 'stream' } {
  return { name: subject, subject, type: 'stream' };
}
