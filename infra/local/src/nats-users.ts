import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Permissions } from '@nats-io/jwt';
import { issueCreds } from './nats-accounts.ts';

const stream = 'DIALOG_EVENTS';
const nothing = { allow: [], deny: ['>'] };

/** The service owner of the demonstration, and the name of its durable consumer. */
export const demoSubscriber = 'ttd';

/** Each service may do what it needs and no more. */
const rights = {
  gateway: {
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
        `$JS.API.STREAM.INFO.${stream}`,
        `$JS.API.STREAM.CREATE.${stream}`,
        `$JS.API.STREAM.UPDATE.${stream}`,
      ],
    },
  },
  subscriber: subscriberRights(demoSubscriber, demoSubscriber),
  /** For people and tests: everything within the account. */
  admin: {},
} satisfies Record<string, Partial<Permissions>>;

export type NatsUser = keyof typeof rights;
export const natsUsers: readonly NatsUser[] = ['gateway', 'dialogWorker', 'eventRelay', 'subscriber', 'admin'];

/** Paths of creds files. */
export type NatsCreds = Record<NatsUser, string>;

/** Issues the users of an account and writes their creds files into `folder`. */
export async function writeCreds(accountSeed: string, folder: string): Promise<NatsCreds> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = async (user: NatsUser): Promise<string> => {
    const name = user.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const file = path.join(folder, `${name}.creds`);
    writeFileSync(file, await issueCreds(accountSeed, name, rights[user]), { mode: 0o600 });
    return file;
  };
  const [gateway, dialogWorker, eventRelay, subscriber, admin] = await Promise.all([
    write('gateway'),
    write('dialogWorker'),
    write('eventRelay'),
    write('subscriber'),
    write('admin'),
  ]);
  return { gateway, dialogWorker, eventRelay, subscriber, admin };
}

function subscriberRights(org: string, consumer: string): Partial<Permissions> {
  return {
    // An inbox prefix of its own: with the usual `_INBOX.>` it would read what others are sent.
    sub: { allow: [`_INBOX_${org}.>`] },
    pub: {
      allow: [
        `$JS.API.CONSUMER.CREATE.${stream}.${consumer}.dialogporten.events.v1.owner.${org}.>`,
        `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
        `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
        `$JS.ACK.${stream}.${consumer}.>`,
      ],
    },
  };
}
