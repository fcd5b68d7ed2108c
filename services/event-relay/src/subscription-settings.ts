import { ConfigurationError, durationMs, listOf, secretFile, url, wholeNumber } from '@dialog/telemetry/config';
import { z } from 'zod';
import type { SubscriptionSettings } from './subscriptions.ts';

const hourMs = 3_600_000;

/** Environment variables about subscribers, to be spread into the schema of the service. */
export const subscriptionVariables = {
  /**
   * The account that subscribers are in: its public key, and the path of the file with the signing key that makes its
   * users. Without both, nobody can subscribe.
   */
  NATS_SUBSCRIBERS_ACCOUNT: z
    .string()
    .regex(/^A[A-Z2-7]{55}$/, 'must be the public key of an account')
    .optional(),
  NATS_SUBSCRIBERS_KEY_FILE: secretFile.optional(),
  /** Addresses at which subscribers reach NATS, comma-separated, when they are others than NATS_URL. */
  NATS_SUBSCRIBERS_URL: listOf(url(['nats', 'tls', 'ws', 'wss'])).optional(),
  /** How long a subscriber gets in, and so how late the end of a right may count. */
  SUBSCRIBER_CREDENTIALS_MS: durationMs(1_000, hourMs).default(300_000),
  /** Consumers of one organisation, or of one end user at one party. One for each service that an end user follows. */
  SUBSCRIBER_CONSUMERS_MAX: wholeNumber(1, 10_000).default(100),
  /** What nobody has opened for so long is forgotten. As long as events are kept: then there is nothing to resume. */
  SUBSCRIPTION_IDLE_HOURS_MAX: wholeNumber(1, 24 * 366).default(7 * 24),
  /** What a subscriber has not confirmed for so long is delivered again. */
  SUBSCRIBER_ACK_WAIT_MS: durationMs(1_000, hourMs).default(60_000),
  /** Delivered and not confirmed, of one consumer: what a subscriber has to have room for. */
  SUBSCRIBER_UNCONFIRMED_MAX: wholeNumber(1, 100_000).default(256),
};

type Variables = z.output<z.ZodObject<typeof subscriptionVariables>> & {
  PARTY_KEY_SECRET_FILE: string;
  NATS_URL: string[];
  NATS_ACK_TIMEOUT_MS: number;
};

/**
 * The settings in the variables; undefined where nobody can subscribe.
 *
 * @throws ConfigurationError when there is only one of the two variables that belong together
 */
export function subscriptionSettings(env: Variables): SubscriptionSettings | undefined {
  const { NATS_SUBSCRIBERS_ACCOUNT: account, NATS_SUBSCRIBERS_KEY_FILE: signingSeed } = env;
  if (account === undefined && signingSeed === undefined) return undefined;
  if (account === undefined) throw new ConfigurationError('NATS_SUBSCRIBERS_ACCOUNT: must be set');
  if (signingSeed === undefined) throw new ConfigurationError('NATS_SUBSCRIBERS_KEY_FILE: must be set');
  return {
    signer: { account, signingSeed },
    secret: env.PARTY_KEY_SECRET_FILE,
    servers: env.NATS_SUBSCRIBERS_URL ?? env.NATS_URL,
    credentialsMs: env.SUBSCRIBER_CREDENTIALS_MS,
    confirmTimeoutMs: env.NATS_ACK_TIMEOUT_MS,
    consumers: {
      consumersMax: env.SUBSCRIBER_CONSUMERS_MAX,
      idleMsMax: env.SUBSCRIPTION_IDLE_HOURS_MAX * hourMs,
      ackWaitMs: env.SUBSCRIBER_ACK_WAIT_MS,
      unconfirmedMax: env.SUBSCRIBER_UNCONFIRMED_MAX,
    },
  };
}
