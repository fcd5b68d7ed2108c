import { generateLoad } from '../generate-load.ts';
import { peakOf } from '../peak.ts';
import { createDialog, requireStatus } from '../requests.ts';
import type { Bench } from './row.ts';

const goalMs = 50;

/** How soon a create is accepted (202, on Redis' disk) at half of what the service takes at most. */
export const accept: Bench = {
  name: 'accept',
  about: 'creates with Prefer: respond-async at half of peak',
  async run(stack, { seconds }, say) {
    const peak = await peakOf(stack, seconds);
    const rate = Math.floor(peak / 2);
    say(`peak ${peak.toFixed(0)}/s applied; accepting ${rate}/s`);
    const request = createDialog(stack, { Prefer: 'respond-async' });
    const load = { ...request, connections: 64, seconds, rate };
    // A path that nobody has taken yet is compiled while it is taken: it is not measured the first time.
    requireStatus(await generateLoad(load), 202);
    await stack.untilRelayed();
    const result = await generateLoad(load);
    requireStatus(result, 202);
    const { p50, p99 } = result.latencyMs;
    return [
      {
        name: 'accept (202) at half of peak',
        figure: `p99 ${p99.toFixed(1)} ms, p50 ${p50.toFixed(1)} ms at ${result.perSecond.toFixed(0)}/s`,
        baseline: `${goalMs} ms`,
        ...{ ratio: p99 / goalMs, goal: 'p99 < 50 ms', met: p99 < goalMs },
        samples: { latencyMs: result.answers.map(([, latencyMs]) => latencyMs) },
      },
    ];
  },
};
