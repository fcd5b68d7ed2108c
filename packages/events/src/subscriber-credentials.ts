import { createUser, encodeUser, fmtCreds, fromSeed } from '@nats-io/jwt';
import { consumerTag } from './subscriber-account.ts';

/**
 * Signs subscribers. `signingSeed` is the secret signing key of the subscribers' account: whoever has it makes users of
 * that account, with the rights of its template and no others. That is to hear what is delivered to any subscriber, and
 * to confirm it.
 */
export type SubscriberSigner = { account: string; signingSeed: string };

/** A tag must be there for the server to fill in; no consumer is called like this. */
const noConsumer = 'none';

/**
 * Makes a user who may read from these consumers until `expiresAt`, when the server closes its connections.
 *
 * @param name what the server calls the user in its logs
 * @returns text of a creds file: the user's JWT and its secret key, which are made here and kept nowhere
 */
export async function issueSubscriberCredentials(
  { account, signingSeed }: SubscriberSigner,
  { name, consumers, expiresAt }: { name: string; consumers: readonly string[]; expiresAt: Date },
): Promise<string> {
  const user = createUser();
  const named = consumers.length === 0 ? [noConsumer] : consumers;
  const jwt = await encodeUser(
    name,
    user,
    account,
    { tags: named.map((consumer) => `${consumerTag}:${consumer}`) },
    { signer: fromSeed(Buffer.from(signingSeed)), scopedUser: true, exp: Math.floor(expiresAt.getTime() / 1_000) },
  );
  return Buffer.from(fmtCreds(jwt, user)).toString();
}
