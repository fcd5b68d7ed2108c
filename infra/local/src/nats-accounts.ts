import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
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
  subscriber: z.string(),
});
export type NatsKeys = z.infer<typeof natsKeys>;

/**
 * `services`: where the services meet and the events are stored. `subscriber`: a service owner's.
 *
 * A subscriber is not let into the services' account, however narrow its rights there. In NATS the sender of a request
 * chooses where the answer goes, unchecked, so whoever may ask JetStream for the next message may have the answer sent
 * to JetStream's own command to delete the stream (nats-server 2.9.10 carries it out). Between accounts only what one
 * exports and the other imports passes, and addresses for answers are replaced on the way.
 */
export type AccountSeeds = Pick<NatsKeys, 'services' | 'subscriber'>;

/** Under which JetStream domain a subscriber finds what it may use of the services' JetStream. */
export const subscriberDomain = 'dialogporten';
export const eventStream = 'DIALOG_EVENTS';
/** The service owner of the demonstration; its durable consumer has the same name. */
export const demoSubscriber = 'ttd';

/** Reads the keys, or makes them at first. */
export function keptNatsKeys(file: string): NatsKeys {
  try {
    return natsKeys.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (err) {
    if (!isAbsent(err)) throw err;
  }
  const keys = {
    operator: seedOf(createOperator()),
    system: seedOf(createAccount()),
    services: seedOf(createAccount()),
    subscriber: seedOf(createAccount()),
  };
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(keys), { mode: 0o600, flag: 'wx' });
  return keys;
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
    `  ${publicKey(keys.subscriber)}: ${accounts.subscriber}`,
    '}',
  ].join('\n');
}

/** Makes accounts that share nothing with those of others, on a running server. */
export async function addAccounts(natsUrl: string, keys: NatsKeys): Promise<AccountSeeds> {
  const seeds = { services: seedOf(createAccount()), subscriber: seedOf(createAccount()) };
  const accounts = await accountJwts(keys, seeds);
  const creds = await issueCreds(keys.system, 'operator', {});
  const connection = await connect({ servers: natsUrl, authenticator: credsAuthenticator(Buffer.from(creds)) });
  try {
    for (const jwt of [accounts.services, accounts.subscriber]) {
      const reply = await connection.request('$SYS.REQ.CLAIMS.UPDATE', jwt, { timeout: 5_000 });
      claimsReply.parse(reply.json());
    }
  } finally {
    await connection.close();
  }
  return seeds;
}

const claimsReply = z.object({ data: z.object({ code: z.literal(200) }) });

async function accountJwts(keys: NatsKeys, seeds: AccountSeeds): Promise<Record<keyof AccountSeeds, string>> {
  const exports = [
    service(`$JS.API.CONSUMER.INFO.${eventStream}.*`),
    { ...service(`$JS.API.CONSUMER.MSG.NEXT.${eventStream}.*`), response_type: 'Stream' as const },
    service(`$JS.ACK.${eventStream}.>`),
  ];
  const account = publicKey(seeds.services);
  const imports = [
    `$JS.API.CONSUMER.INFO.${eventStream}.${demoSubscriber}`,
    `$JS.API.CONSUMER.MSG.NEXT.${eventStream}.${demoSubscriber}`,
    `$JS.ACK.${eventStream}.${demoSubscriber}.>`,
  ].map((subject) => ({
    ...service(subject),
    account,
    // Every account has a JetStream API of its own at the usual place.
    local_subject: subject.replace('$JS.API.', `$JS.${subscriberDomain}.API.`),
  }));
  const options = { signer: keyOf(keys.operator) };
  const [services, subscriber] = await Promise.all([
    encodeAccount('services', keyOf(seeds.services), { limits: { ...unlimited, ...jetStream }, exports }, options),
    encodeAccount(demoSubscriber, keyOf(seeds.subscriber), { limits: unlimited, imports }, options),
  ]);
  return { services, subscriber };
}

function service(subject: string): { name: string; subject: string; type: 'service' } {
  return { name: subject, subject, type: 'service' };
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

function publicKey(seed: string): string {
  return keyOf(seed).getPublicKey();
}

function keyOf(seed: string): KeyPair {
  return fromSeed(Buffer.from(seed));
}
