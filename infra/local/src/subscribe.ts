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

let remaining = readCount();

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

/** How many events were asked for. Ends the process with one line when that cannot be told. */
function readCount(): number {
  try {
    const { values } = parseArgs({ options: { count: { type: 'string', default: 'Infinity' } } });
    if (Number(values.count) > 0) return Number(values.count);
    process.stderr.write('--count: must be a number of events, at least 1\n');
  } catch (err) {
    process.stderr.write(`${err instanceof Error ? err.message : String(err)}\n`);
  }
  process.stderr.write('usage: npm run subscribe -- [--count N]\n');
  process.exit(1);
}
