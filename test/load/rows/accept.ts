import { generateLoad } from '../generate-load.ts';
import { taxReturn } from '../tax-return.ts';
import { type Bench, post, requireStatus } from './row.ts';

const path = '/api/v1/serviceowner/dialogs';
const goalMs = 50;

/** How soon a create is accepted (202, on Redis' disk) at half of what the service takes at most. */
export const accept: Bench = {
  name: 'accept',
  about: 'creates with Prefer: respond-async at half of peak',
  async run(stack, { seconds }, say) {
    const waited = post(stack, `${stack.gatewayUrl}${path}`, taxReturn());
    // What can be accepted for long is what can be applied: the lanes are no place to keep dialogs.
    const peak = await generateLoad({ ...waited, connections: 256, seconds });
    requireStatus(peak, 201);
    const rate = Math.floor(peak.perSecond / 2);
    // The peak's events are still on their way; what they cost belongs to the peak.
    await stack.untilRelayed();
    say(`peak ${peak.perSecond.toFixed(0)}/s applied; accepting ${rate}/s`);
    const request = post(stack, `${stack.gatewayUrl}${path}`, taxReturn(), { Prefer: 'respond-async' });
    const result = await generateLoad({ ...request, connections: 64, seconds, rate });
    requireStatus(result, 202);
    const { p50, p99 } = result.latencyMs;
    return [
      {
        name: 'accept (202) at half of peak',
        figure: `p99 ${p99.toFixed(1)} ms, p50 ${p50.toFixed(1)} ms at ${result.perSecond.toFixed(0)}/s`,
        baseline: `${goalMs} ms`,
        ...{ ratio: p99 / goalMs, goal: 'p99 < 50 ms', met: p99 < goalMs },
      },
    ];
  },
};
