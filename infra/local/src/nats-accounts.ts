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
  account: z.string(),
});
export type NatsKeys = z.infer<typeof natsKeys>;

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
    account: seedOf(createAccount()),
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
  const system = keyOf(keys.system).getPublicKey();
  const operatorJwt = await encodeOperator('dialogporten', operator, { system_account: system });
  const systemJwt = await encodeAccount('SYS', keyOf(keys.system), { limits: unlimited }, { signer: operator });
  return [
    `operator: ${operatorJwt}`,
    `system_account: ${system}`,
    `resolver: { type: full, dir: "${folder}" }`,
    'resolver_preload: {',
    `  ${system}: ${systemJwt}`,
    `  ${keyOf(keys.account).getPublicKey()}: ${await accountJwt(keys, 'dialogporten', keys.account)}`,
    '}',
  ].join('\n');
}

/** Makes an account that shares nothing with the others, on a running server. Returns its seed. */
export async function addAccount(natsUrl: string, keys: NatsKeys, name: string): Promise<string> {
  const seed = seedOf(createAccount());
  const creds = await issueCreds(keys.system, 'operator', {});
  const connection = await connect({ servers: natsUrl, authenticator: credsAuthenticator(Buffer.from(creds)) });
  try {
    const reply = await connection.request('$SYS.REQ.CLAIMS.UPDATE', await accountJwt(keys, name, seed), {
      timeout: 5_000,
    });
    claimsReply.parse(reply.json());
  } finally {
    await connection.close();
  }
  return seed;
}

const claimsReply = z.object({ data: z.object({ code: z.literal(200) }) });

function accountJwt(keys: NatsKeys, name: string, seed: string): Promise<string> {
  return encodeAccount(name, keyOf(seed), { limits: { ...unlimited, ...jetStream } }, { signer: keyOf(keys.operator) });
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

function keyOf(seed: string): KeyPair {
  return fromSeed(Buffer.from(seed));
}
