import { describeCpu, withCpu } from '../cpu.ts';
import { generateLoad } from '../generate-load.ts';
import { peakOf } from '../peak.ts';
import { baselineOf, createDialog, requireStatus } from '../requests.ts';
import { inTurns, ratioOf, withoutRelay } from '../rounds.ts';
import { median } from '../statistics.ts';
import type { Bench } from './row.ts';

/** Creates whose callers wait for the outcome, against the same gateway inserting per request. */
export const createWaited: Bench = {
  name: 'create-waited',
  about: 'creates that wait for the outcome, against a transaction per request',
  async run(stack, { rounds, seconds }, say) {
    const requests = { ours: createDialog(stack), theirs: createDialog(baselineOf(stack)) };
    const measure = async (side: keyof typeof requests, connections: number, length = seconds) => {
      const load = { ...requests[side], connections, seconds: length };
      const result = await withCpu(stack, () => generateLoad(load));
      requireStatus(result, 201);
      return result;
    };
    const [many, one] = await withoutRelay(stack, async () => {
      await measure('ours', 64);
      await measure('theirs', 64);
      return [
        await inTurns(rounds, async (side, round) => {
          const { perSecond, latencyMs, cpu, generatorCores } = await measure(side, 256);
          say(
            `round ${round}, ${side}: ${perSecond.toFixed(0)}/s, p50 ${latencyMs.p50.toFixed(0)} ms; ` +
              `CPU each ${describeCpu(cpu)}; generator ${generatorCores.toFixed(2)} cores`,
          );
          return perSecond;
        }),
        await inTurns(rounds, async (side) => (await measure(side, 1, seconds / 2)).latencyMs.p50),
      ] as const;
    });
    const relayed = await peakOf(stack, seconds);

    const [ratio, singleRatio] = [ratioOf(many), ratioOf(one)];
    const baseline = median(many.theirs);
    return [
      {
        name: 'create, waited, 256 connections',
        figure: `${median(many.ours).toFixed(0)}/s`,
        baseline: `${baseline.toFixed(0)}/s insert per request`,
        ...{ ratio, goal: '>= 2.5', met: ratio >= 2.5, samples: many },
      },
      {
        name: 'create, waited, 256, events relayed',
        figure: `${relayed.toFixed(0)}/s`,
        baseline: `${baseline.toFixed(0)}/s insert per request, no events`,
        ...{ ratio: relayed / baseline, goal: '(none)', met: true, samples: { perSecond: [relayed] } },
      },
      {
        name: 'create, waited, 1 connection',
        figure: `p50 ${median(one.ours).toFixed(1)} ms`,
        baseline: `p50 ${median(one.theirs).toFixed(1)} ms insert per request`,
        ...{ ratio: singleRatio, goal: '<= 3', met: singleRatio <= 3, samples: one },
      },
    ];
  },
};
