import { cpuSecondsOf } from '../bench-stack.ts';
import { generateLoad } from '../generate-load.ts';
import { median } from '../table.ts';
import { taxReturn } from '../tax-return.ts';
import { type Bench, post, requireStatus } from './row.ts';

const path = '/api/v1/serviceowner/dialogs';

/**
 * Creates whose callers wait for the outcome, against the same gateway inserting per request.
 *
 * Events are relayed by neither side while they are compared: the baseline has nobody to relay its outbox. What the
 * relay costs is a row of its own.
 */
export const createWaited: Bench = {
  name: 'create-waited',
  about: 'creates that wait for the outcome, against a transaction per request',
  async run(stack, { rounds, seconds }, say) {
    const ours = post(stack, `${stack.gatewayUrl}${path}`, taxReturn());
    const theirs = post(stack, `${stack.baselineUrl}${path}`, taxReturn());
    const measure = async (request: typeof ours, connections: number) => {
      const result = await generateLoad({ ...request, connections, seconds });
      requireStatus(result, 201);
      return result;
    };
    const relay = stack.process('event-relay');
    await relay.stop();
    await measure(ours, 64);
    await measure(theirs, 64);

    const perSecond: { ours: number; theirs: number }[] = [];
    const single: { ours: number; theirs: number }[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const worker = stack.process('dialog-worker').pid;
      const before = [cpuSecondsOf(stack.process('gateway').pid), cpuSecondsOf(worker)];
      const many = { ours: await measure(ours, 256), theirs: await measure(theirs, 256) };
      const after = [cpuSecondsOf(stack.process('gateway').pid), cpuSecondsOf(worker)];
      const busy = after.map((total, index) => ((total - (before[index] ?? 0)) / seconds).toFixed(2));
      const one = { ours: await measure(ours, 1), theirs: await measure(theirs, 1) };
      perSecond.push({ ours: many.ours.perSecond, theirs: many.theirs.perSecond });
      single.push({ ours: one.ours.latencyMs.p50, theirs: one.theirs.latencyMs.p50 });
      say(
        `round ${round}: 256 connections ${many.ours.perSecond.toFixed(0)}/s (p50 ${many.ours.latencyMs.p50.toFixed(0)} ms) ` +
          `against ${many.theirs.perSecond.toFixed(0)}/s (${many.theirs.latencyMs.p50.toFixed(0)} ms); ` +
          `cores: gateway ${busy[0]}, worker ${busy[1]}; ` +
          `1 connection p50 ${one.ours.latencyMs.p50.toFixed(1)} ms against ${one.theirs.latencyMs.p50.toFixed(1)} ms`,
      );
    }
    await relay.start();
    await stack.untilRelayed();
    const relayed = await measure(ours, 256);

    const ratio = median(perSecond.map((pair) => pair.ours / pair.theirs));
    const singleRatio = median(single.map((pair) => pair.ours / pair.theirs));
    const baseline = median(perSecond.map((pair) => pair.theirs));
    return [
      {
        name: 'create, waited, 256 connections',
        figure: `${median(perSecond.map((pair) => pair.ours)).toFixed(0)}/s`,
        baseline: `${baseline.toFixed(0)}/s insert per request`,
        ...{ ratio, goal: '>= 1.5', met: ratio >= 1.5 },
      },
      {
        name: 'create, waited, 256, events relayed',
        figure: `${relayed.perSecond.toFixed(0)}/s`,
        baseline: `${baseline.toFixed(0)}/s insert per request, no events`,
        ...{ ratio: relayed.perSecond / baseline, goal: '(none)', met: true },
      },
      {
        name: 'create, waited, 1 connection',
        figure: `p50 ${median(single.map((pair) => pair.ours)).toFixed(1)} ms`,
        baseline: `p50 ${median(single.map((pair) => pair.theirs)).toFixed(1)} ms insert per request`,
        ...{ ratio: singleRatio, goal: '<= 3', met: singleRatio <= 3 },
      },
    ];
  },
};
