import { readFileSync } from 'node:fs';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { z } from 'zod';
import { generateLoad } from '../generate-load.ts';
import { peakOf } from '../peak.ts';
import { createDialog, requireStatus } from '../requests.ts';
import type { Bench } from './row.ts';

const goalMs = 100;
const stream = 'DIALOG_EVENTS';
const event = z.object({ time: z.string() });

/**
 * From a change to its event in a subscriber's hands, at half of peak. Measured from the event's time, which is taken
 * just before the commit: the figure holds the commit as well.
 */
export const events: Bench = {
  name: 'events',
  about: 'from a change to its subscriber, at half of peak',
  async run(stack, { seconds }, say) {
    const peak = await peakOf(stack, seconds);
    const rate = Math.floor(peak / 2);
    say(`peak ${peak.toFixed(0)}/s with events; creating ${rate}/s`);
    // What others left in the outbox must not count as latency of what comes now.
    await stack.untilRelayed();

    const { natsUrl, natsCreds } = stack;
    if (natsCreds === undefined) throw new Error('The bench needs its own NATS.');
    const connection = await connect({
      servers: natsUrl,
      authenticator: credsAuthenticator(readFileSync(natsCreds.admin)),
    });
    const latencies: number[] = [];
    try {
      const consumer = await jetstream(connection).consumers.get(stream, {
        deliver_policy: DeliverPolicy.New,
        filter_subjects: 'dialogporten.events.v1.owner.>',
      });
      const messages = await consumer.consume({
        max_messages: 5_000,
        callback: (message) => {
          latencies.push(Date.now() - Date.parse(event.parse(message.json()).time));
        },
      });
      const result = await generateLoad({ ...createDialog(stack), connections: 64, seconds, rate });
      requireStatus(result, 201);
      const expected = result.answers.length * 4;
      const deadline = Date.now() + 30_000;
      while (latencies.length < expected && Date.now() < deadline) await new Promise((done) => setTimeout(done, 20));
      messages.stop();
      if (latencies.length < expected) throw new Error(`Of ${expected} events, ${latencies.length} arrived.`);
    } finally {
      await connection.close();
    }
    latencies.sort((a, b) => a - b);
    const quantile = (q: number) => latencies[Math.floor(latencies.length * q)] ?? Number.NaN;
    return [
      {
        name: 'event latency at half of peak',
        figure: `p99 ${quantile(0.99)} ms, p50 ${quantile(0.5)} ms, ${latencies.length} events`,
        baseline: `${goalMs} ms`,
        ...{ ratio: quantile(0.99) / goalMs, goal: 'p99 < 100 ms', met: quantile(0.99) < goalMs },
        samples: { latencyMs: latencies },
      },
    ];
  },
};
