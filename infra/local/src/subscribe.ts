/**
 * `npm run subscribe`: prints the events of the demonstration's service owner as they happen, one line of JSON each, and
 * confirms them. Started again it goes on where it was. With `-- --count N` it ends after N. Shows what a subscriber
 * needs, too.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readConfig, url } from '@dialog/telemetry/config';
import { jetstream } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { z } from 'zod';
import { demoSubscriber, eventStream, subscriberDomain } from './nats-accounts.ts';

const { NATS_URL, NATS_CREDS } = readConfig(
  z.object({ NATS_URL: url(['nats', 'tls']), NATS_CREDS: z.string() }),
  process.env,
);

const { values } = parseArgs({ options: { count: { type: 'string', default: 'Infinity' } } });
let remaining = Number(values.count);

const connection = await connect({ servers: NATS_URL, authenticator: credsAuthenticator(readFileSync(NATS_CREDS)) });
const consumer = await jetstream(connection, { domain: subscriberDomain }).consumers.get(eventStream, demoSubscriber);
const messages = await consumer.consume();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => messages.stop());

for await (const message of messages) {
  process.stdout.write(`${message.string()}\n`);
  message.ack();
  remaining -= 1;
  if (remaining === 0) break;
}
await connection.drain();
