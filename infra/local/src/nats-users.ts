import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { subscriptionSubjects } from '@dialog/contracts/event-subscription';
import { eventStream } from '@dialog/events/stream';
import { allConfirmations, subjectsOf } from '@dialog/events/subscriber-account';
import type { Permissions } from '@nats-io/jwt';
import { type AccountSeeds, issueCreds, publicKey } from './nats-accounts.ts';

const nothing = { allow: [], deny: ['>'] };

/** Where a service gets answers, and no other service does. */
function inboxOf(service: string): string {
  return `dialogporten.inbox.${service}`;
}

/** Each service may do what it needs and no more. */
const rights = {
  gateway: {
    // Of events those that tell end users of changes; who is told of which, it decides by their dialog tokens.
    sub: { allow: ['dialogporten.replies.>', 'dialogporten.events.v1.party.>', `${inboxOf('gateway')}.>`] },
    pub: { allow: Object.values(subscriptionSubjects) },
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
    sub: {
      allow: [
        'dialogporten.outbox.>',
        ...Object.values(subscriptionSubjects),
        allConfirmations,
        '_INBOX.>',
        `${inboxOf('event-relay')}.>`,
      ],
    },
    pub: {
      allow: [
        'dialogporten.events.v1.>',
        `${inboxOf('gateway')}.>`,
        '$JS.API.INFO',
        `$JS.API.STREAM.INFO.${eventStream}`,
        `$JS.API.STREAM.CREATE.${eventStream}`,
        `$JS.API.STREAM.UPDATE.${eventStream}`,
        `$JS.API.CONSUMER.CREATE.${eventStream}.>`,
        `$JS.API.CONSUMER.INFO.${eventStream}.*`,
        `$JS.API.CONSUMER.LIST.${eventStream}`,
        `$JS.API.CONSUMER.NAMES.${eventStream}`,
        `$JS.API.CONSUMER.DELETE.${eventStream}.*`,
        `$JS.ACK.${eventStream}.>`,
        subjectsOf('*').confirmed,
      ],
    },
  },
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
    writeFileSync(file, await issueCreds(seeds.services, name, rights[user]), { mode: 0o600 });
    return file;
  };
  const [gateway, visibilityWorker, dialogWorker, eventRelay, admin] = await Promise.all([
    write('gateway'),
    write('visibilityWorker'),
    write('dialogWorker'),
    write('eventRelay'),
    write('admin'),
  ]);
  return { gateway, visibilityWorker, dialogWorker, eventRelay, admin };
}

/** By which users of the subscribers' account are made: the account, and the file with its signing key. */
export type SubscriberSigning = { account: string; keyFile: string };

/** Writes the key into `folder`. It is of no use for anything but making subscribers. */
export function writeSubscriberSigning(seeds: AccountSeeds, folder: string): SubscriberSigning {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keyFile = path.join(folder, 'subscribers-signing.nk');
  writeFileSync(keyFile, seeds.subscribersSigning, { mode: 0o600 });
  return { account: publicKey(seeds.subscribers), keyFile };
}
