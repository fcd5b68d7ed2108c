import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Permissions } from '@nats-io/jwt';
import { type AccountSeeds, eventStream, issueCreds } from './nats-accounts.ts';

const nothing = { allow: [], deny: ['>'] };

/** Each service may do what it needs and no more. */
const rights = {
  gateway: {
    // Of events those that tell end users of changes; who is told of which, it decides by their dialog tokens.
    sub: { allow: ['dialogporten.replies.>', 'dialogporten.events.v1.party.>'] },
    pub: nothing,
  },
  visibilityWorker: {
    sub: { allow: ['dialogporten.replies.>'] },
    pub: nothing,
  },
  dialogWorker: {
    sub: nothing,
    pub: { allow: ['dialogporten.replies.>', 'dialogporten.outbox.>'] },
  },
  eventRelay: {
    sub: { allow: ['dialogporten.outbox.>', '_INBOX.>'] },
    pub: {
      allow: [
        'dialogporten.events.v1.>',
        '$JS.API.INFO',
        `$JS.API.STREAM.INFO.${eventStream}`,
        `$JS.API.STREAM.CREATE.${eventStream}`,
        `$JS.API.STREAM.UPDATE.${eventStream}`,
      ],
    },
  },
  /** Everything in the subscriber's own account, which holds next to nothing. */
  subscriber: {},
  /** For people and tests: everything in the services' account. */
  admin: {},
} satisfies Record<string, Partial<Permissions>>;

export type NatsUser = keyof typeof rights;

/** Paths of creds files. */
export type NatsCreds = Record<NatsUser, string>;

/** Issues the users of the accounts and writes their creds files into `folder`. */
export async function writeCreds(seeds: AccountSeeds, folder: string): Promise<NatsCreds> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = async (user: NatsUser): Promise<string> => {
    const name = user.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const file = path.join(folder, `${name}.creds`);
    const accountSeed = user === 'subscriber' ? seeds.subscriber : seeds.services;
    writeFileSync(file, await issueCreds(accountSeed, name, rights[user]), { mode: 0o600 });
    return file;
  };
  const [gateway, visibilityWorker, dialogWorker, eventRelay, subscriber, admin] = await Promise.all([
    write('gateway'),
    write('visibilityWorker'),
    write('dialogWorker'),
    write('eventRelay'),
    write('subscriber'),
    write('admin'),
  ]);
  return { gateway, visibilityWorker, dialogWorker, eventRelay, subscriber, admin };
}
