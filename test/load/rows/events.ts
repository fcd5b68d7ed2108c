import { setTimeout as delay } from 'node:timers/promises';
import { subscribe } from '@dialog/client/subscribe';
import type { BenchStack } from '../bench-stack.ts';
import { generateLoad } from '../generate-load.ts';
import { peakOf } from '../peak.ts';
import { createDialog, requireStatus } from '../requests.ts';
import { quantileOf } from '../statistics.ts';
import { eventsPerDialog } from '../tax-return.ts';
import type { Bench } from './row.ts';

const goalMs = 100;
const lateMs = 30_000;

/**
 * From a change to its event in a subscriber's hands, at half of peak. The subscriber is a user of packages/client that
 * gets in as any other, and confirms what it gets. Measured from the event's time, which is taken just before the commit:
 * the figure holds the commit as well.
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

    const load = { ...createDialog(stack), connections: 64, seconds, rate };
    const subscriber = await openSubscriber(stack);
    try {
      // It is in by then, and what nobody has run yet is compiled.
      const first = await generateLoad(load);
      await subscriber.until(first.answers.length * eventsPerDialog);
      subscriber.latencies.length = 0;
      const result = await generateLoad(load);
      requireStatus(result, 201);
      await subscriber.until(result.answers.length * eventsPerDialog);
    } finally {
      await subscriber.close();
    }
    const latencies = subscriber.latencies.toSorted((a, b) => a - b);
    const [p50, p99] = [quantileOf(latencies, 0.5), quantileOf(latencies, 0.99)];
    return [
      {
        name: 'event latency at half of peak',
        figure: `p99 ${p99} ms, p50 ${p50} ms, ${latencies.length} events`,
        baseline: `${goalMs} ms`,
        ...{ ratio: p99 / goalMs, goal: 'p99 < 100 ms', met: p99 < goalMs },
        samples: { latencyMs: latencies },
      },
    ];
  },
};

async function openSubscriber({ gatewayUrl, token }: BenchStack) {
  const latencies: number[] = [];
  const events = subscribe({
    ...{ url: gatewayUrl, token: () => token, name: 'bench' },
    // Those from now on, also while it is only getting in.
    from: { time: new Date().toISOString() },
  });
  let failure: unknown;
  const receiving = (async () => {
    for await (const { event, ack } of events) {
      latencies.push(Date.now() - Date.parse(event.time));
      ack().catch(() => {});
    }
  })().catch((err: unknown) => {
    failure = err;
  });

  return {
    latencies,
    async until(count: number): Promise<void> {
      const deadline = Date.now() + lateMs;
      while (latencies.length < count) {
        if (failure !== undefined) throw failure;
        if (Date.now() > deadline) throw new Error(`Of ${count} events, ${latencies.length} arrived.`);
        await delay(20);
      }
    },
    async close(): Promise<void> {
      await events.close();
      await receiving;
    },
  };
}
