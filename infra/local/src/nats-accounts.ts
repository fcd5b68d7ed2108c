import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { accountTraffic, subscriberRights } from '@dialog/events/subscriber-account';
import {
  type Account,
  createAccount,
  createOperator,
  createUser,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fmtCreds,
  fromSeed,
  type KeyPair,
  newScopedSigner,
  type Permissions,
} from '@nats-io/jwt';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { z } from 'zod';
import { isAbsent } from './process-identity.ts';

/**
 * The seeds (secret keys) of a NATS server in operator mode: the operator signs accounts, an account signs its users,
 * and the server knows the operator alone. So a user is made by signing, without telling the server.
 */
const natsKeys = z.object({
  operator: z.string(),
  system: z.string(),
  services: z.string(),
  subscribers: z.string(),
  /** Signs users of the subscribers' account, with the rights of its template and no others. */
  subscribersSigning: z.string(),
});
export type NatsKeys = z.infer<typeof natsKeys>;

/**
 * `services`: where the services meet and the events are stored. `subscribers`: where everybody else is, see
 * packages/events/src/subscriber-account.ts.
 */
export type AccountSeeds = Pick<NatsKeys, 'services' | 'subscribers' | 'subscribersSigning'>;

/** Reads the keys, or makes those that are missing. */
export function keptNatsKeys(file: string): NatsKeys {
  const kept = readKept(file);
  const known = natsKeys.safeParse(kept);
  if (known.success) return known.data;
  const first = { operator: seedOf(createOperator()), system: seedOf(createAccount()), ...newAccounts() };
  const keys = natsKeys.parse({ ...first, ...kept });
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(keys), { mode: 0o600 });
  return keys;
}

function readKept(file: string): object {
  try {
    return z.looseObject({}).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (err) {
    if (!isAbsent(err)) throw err;
    return {};
  }
}

function newAccounts(): AccountSeeds {
  return {
    services: seedOf(createAccount()),
    subscribers: seedOf(createAccount()),
    subscribersSigning: seedOf(createAccount()),
  };
}

/**
 * The part of nats-server's configuration file that makes it trust these keys and no one else. It has the accounts that
 * it is told of later written into `folder`.
 */
export async function trustConfiguration(keys: NatsKeys, folder: string): Promise<string> {
  const operator = keyOf(keys.operator);
  const system = publicKey(keys.system);
  const operatorJwt = await encodeOperator('dialogporten', operator, { system_account: system });
  const systemJwt = await encodeAccount('SYS', keyOf(keys.system), { limits: unlimited }, { signer: operator });
  const accounts = await accountJwts(keys, keys);
  return [
    `operator: ${operatorJwt}`,
    `system_account: ${system}`,
    `resolver: { type: full, dir: "${folder}" }`,
    'resolver_preload: {',
    `  ${system}: ${systemJwt}`,
    `  ${publicKey(keys.services)}: ${accounts.services}`,
    `  ${publicKey(keys.subscribers)}: ${accounts.subscribers}`,
    '}',
  ].join('\n');
}

/** Makes accounts that share nothing with those of others, on a running server. */
export async function addAccounts(
  natsUrl: string,
  keys: NatsKeys,
  limits: Partial<SubscriberLimits> = {},
): Promise<AccountSeeds> {
  const seeds = newAccounts();
  const accounts = await accountJwts(keys, seeds, limits);
  const creds = await issueCreds(keys.system, 'operator', {});
  const connection = await connect({ servers: natsUrl, authenticator: credsAuthenticator(Buffer.from(creds)) });
  try {
    for (const jwt of [accounts.services, accounts.subscribers]) {
      const reply = await connection.request('$SYS.REQ.CLAIMS.UPDATE', jwt, { timeout: 5_000 });
      claimsReply.parse(reply.json());
    }
  } finally {
    await connection.close();
  }
  return seeds;
}

const claimsReply = z.object({ data: z.object({ code: z.literal(200) }) });

type SubscriberLimits = {
  /**
   * Connections of all subscribers together. A server takes 65,536 altogether, and the services must find room. NATS has
   * no limit for one user: whoever is let in can keep others out up to this number, until its credentials end.
   */
  connectionsMax: number;
};

async function accountJwts(
  keys: NatsKeys,
  seeds: AccountSeeds,
  { connectionsMax = 10_000 }: Partial<SubscriberLimits> = {},
): Promise<{ services: string; subscribers: string }> {
  const options = { signer: keyOf(keys.operator) };
  const signingKey = newScopedSigner(keyOf(seeds.subscribersSigning), 'subscriber', subscriberRights);
  // The library adds the right to answer what is delivered. Nobody asked for it, and from the 4,097th event of two minutes
  // on the server goes through all of them for each that it delivers.
  delete signingKey.template.resp;
  const traffic = accountTraffic({ services: publicKey(seeds.services), subscribers: publicKey(seeds.subscribers) });
  const [services, subscribers] = await Promise.all([
    encodeAccount(
      'services',
      keyOf(seeds.services),
      { limits: { ...unlimited, ...jetStream }, ...traffic.services },
      options,
    ),
    encodeAccount(
      'subscribers',
      keyOf(seeds.subscribers),
      { limits: { ...unlimited, conn: connectionsMax }, ...traffic.subscribers, signing_keys: [signingKey] },
      options,
    ),
  ]);
  return { services, subscribers };
}

/** -1 is without limit. What is left out counts as 0: none allowed. */
const unlimited: NonNullable<Account['limits']> = {
  subs: -1,
  data: -1,
  payload: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
};
/** Room for storage is what turns JetStream on for an account. */
const jetStream: NonNullable<Account['limits']> = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/**
 * Signs a user with these rights and nothing else, and returns its creds file's text: the user's JWT and its secret key.
 */
export async function issueCreds(accountSeed: string, name: string, rights: Partial<Permissions>): Promise<string> {
  const user = createUser();
  const jwt = await encodeUser(name, user, keyOf(accountSeed), {
    ...rights,
    subs: -1,
    data: -1,
    payload: -1,
  });
  return Buffer.from(fmtCreds(jwt, user)).toString();
}

function seedOf(key: KeyPair): string {
  return Buffer.from(key.getSeed()).toString();
}

/** The account or user that a secret key is of. */
export function publicKey(seed: string): string {
  return keyOf(seed).getPublicKey();
}

function keyOf(seed: string): KeyPair {
  return fromSeed(Buffer.from(seed));
}
