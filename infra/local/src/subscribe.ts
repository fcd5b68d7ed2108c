/**
 * `npm run subscribe`: prints the events of a service owner as they happen, one line of JSON each, and confirms them.
 * Started again it goes on where it was. With `-- --count N` it ends after N. A user of packages/client.
 */
import { parseArgs } from 'node:util';
import { subscribe } from '@dialog/client/subscribe';
import { readConfig, url } from '@dialog/telemetry/config';
import { z } from 'zod';

const { GATEWAY_URL, ALTINN_PLATFORM_URL, TOKEN } = readConfig(
  z.object({
    GATEWAY_URL: url(['http', 'https']),
    /** Where the emulator gives tokens to anybody; not needed with TOKEN. */
    ALTINN_PLATFORM_URL: url(['http', 'https']).optional(),
    TOKEN: z.string().optional(),
  }),
  process.env,
);
if (TOKEN === undefined && ALTINN_PLATFORM_URL === undefined) {
  process.stderr.write('TOKEN: must be set, as there is no emulator that gives tokens\n');
  process.exit(1);
}

let remaining = readCount();

const events = subscribe({
  url: GATEWAY_URL,
  token,
  name: 'npm-run-subscribe',
  from: { sequence: 1 },
  onInterruption: (err) => process.stderr.write(`${explain(err)}; trying on\n`),
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void events.close());

for await (const { event, ack } of events) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
  await ack();
  remaining -= 1;
  if (remaining === 0) break;
}

/** A valid one at each call: they expire. */
async function token(): Promise<string> {
  if (TOKEN !== undefined) return TOKEN;
  const response = await fetch(`${ALTINN_PLATFORM_URL}/emulator/token?org=ttd`);
  if (!response.ok) throw new Error(`The emulator gave no token: ${response.status}. TOKEN may be set instead.`);
  return response.text();
}

/** `fetch failed` alone says little. */
function explain(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  return err.cause === undefined ? err.message : `${err.message}: ${explain(err.cause)}`;
}

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
