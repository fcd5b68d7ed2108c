import type { ServerHandle } from '@dialog/local/server-process';
import { generateLoad } from '../generate-load.ts';
import { residentBytesOf } from '../processes.ts';
import { createWithChildren, requireStatus } from '../requests.ts';
import { median, slope } from '../statistics.ts';
import type { Bench } from './row.ts';

const sampleMs = 1_000;
const mebibyte = 2 ** 20;
/** Until then caches fill and heaps find their size. */
const warmUpShare = 0.3;
/** Memory goes up and down by this much as garbage piles up and is collected: growth below it cannot be told from that. */
const swingMiB = 16;
/** Heaps take minutes to find their size. Of a shorter run only the figures are shown. */
const conclusiveSeconds = 300;

/** Postgres is not among them: the memory that it is given fills up, and is shared by its processes. */
const watched: ServerHandle['name'][] = [
  ...(['gateway', 'dialog-worker', 'event-relay', 'authorization-worker', 'visibility-worker'] as const),
  ...(['redis', 'nats'] as const),
];

/** What each service holds in memory while it is written to all the time. */
export const memory: Bench = {
  name: 'memory',
  long: true,
  about: 'memory of each service under load that goes on',
  async run(stack, { memorySeconds }, say) {
    const samples = new Map(watched.map((name) => [name, [] as [atMinute: number, mebibytes: number][]]));
    const startedAt = performance.now();
    const sample = () => {
      const atMinute = (performance.now() - startedAt) / 60_000;
      for (const [name, values] of samples) {
        const bytes = residentBytesOf(stack.process(name).pid ?? 0);
        if (bytes !== undefined) values.push([atMinute, bytes / mebibyte]);
      }
    };
    const timer = setInterval(sample, sampleMs);
    try {
      const load = { ...createWithChildren(stack), connections: 64, seconds: memorySeconds };
      const result = await generateLoad(load);
      requireStatus(result, 201);
      say(`${result.answers.length} writes, ${result.perSecond.toFixed(0)}/s`);
    } finally {
      clearInterval(timer);
    }
    return watched.map((name) => {
      const values = samples.get(name) ?? [];
      const warm = values.slice(Math.floor(values.length * warmUpShare));
      const tenth = Math.ceil(warm.length / 10);
      const megabytes = (some: typeof warm) => median(some.map(([, each]) => each)).toFixed(0);
      const perMinute = slope(warm);
      const limit = swingMiB / ((memorySeconds * (1 - warmUpShare)) / 60);
      const grows = perMinute.toFixed(1);
      const conclusive = memorySeconds >= conclusiveSeconds;
      return {
        name: `memory of ${name}, ${memorySeconds} s of load`,
        figure: `${megabytes(warm.slice(0, tenth))} MiB, then ${megabytes(warm.slice(-tenth))}: ${grows} MiB/min`,
        baseline: `${limit.toFixed(1)} MiB/min, the swing of garbage collection`,
        ...{
          ratio: perMinute / limit,
          goal: conclusive ? '< 1' : '(too short)',
          met: !conclusive || perMinute < limit,
        },
        samples: { mebibytes: values.map(([, each]) => each) },
      };
    });
  },
};
