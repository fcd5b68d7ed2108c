import { describeCpu, withCpu } from '../cpu.ts';
import { generateLoad } from '../generate-load.ts';
import { baselineOf, createWithChildren, requireStatus } from '../requests.ts';
import { inTurns, ratioOf, withoutRelay } from '../rounds.ts';
import { median } from '../statistics.ts';
import type { Bench } from './row.ts';

const connections = 256;

/** What a tax authority sends: each connection creates a dialog, adds a transmission, then an activity, and waits each time. */
export const mix: Bench = {
  name: 'mix',
  about: 'create, add a transmission, add an activity, each waited for, against a transaction per request',
  async run(stack, { rounds, seconds }, say) {
    const requests = { ours: createWithChildren(stack), theirs: createWithChildren(baselineOf(stack)) };
    const measure = async (side: keyof typeof requests) => {
      const result = await withCpu(stack, () => generateLoad({ ...requests[side], connections, seconds }));
      requireStatus(result, 201);
      return result;
    };
    const writes = await withoutRelay(stack, async () => {
      await measure('ours');
      await measure('theirs');
      return inTurns(rounds, async (side, round) => {
        const { perSecond, latencyMs, cpu, generatorCores } = await measure(side);
        say(
          `round ${round}, ${side}: ${perSecond.toFixed(0)} writes/s, p50 ${latencyMs.p50.toFixed(0)} ms; ` +
            `CPU each ${describeCpu(cpu)}; generator ${generatorCores.toFixed(2)} cores`,
        );
        return perSecond;
      });
    });
    const ratio = ratioOf(writes);
    return [
      {
        name: `create + transmission + activity, waited, ${connections} connections`,
        figure: `${median(writes.ours).toFixed(0)} writes/s`,
        baseline: `${median(writes.theirs).toFixed(0)} writes/s, a transaction per request`,
        ...{ ratio, goal: '>= 2', met: ratio >= 2, samples: writes },
      },
    ];
  },
};
