import { generateLoad } from '../generate-load.ts';
import { appendToOne, requireStatus } from '../requests.ts';
import { median } from '../statistics.ts';
import type { Bench } from './row.ts';

const clients = 64;
const appends = 10_000;
/** Appends at each end whose time is compared. */
const ends = 1_000;
/** Appends to another dialog just before, so that at the first that counts everything runs as it does at the last. */
const warmUps = 3_000;

/** Many clients append to one dialog: the last appends against the first. */
export const hotDialog: Bench = {
  name: 'hot-dialog',
  about: `${clients} clients append ${appends} transmissions to one dialog, without If-Match`,
  async run(stack, { rounds }, say) {
    const first: number[] = [];
    const last: number[] = [];
    for (let round = 1; round < rounds; round += 1) {
      const [before, append] = [await appendToOne(stack), await appendToOne(stack)];
      const warmUp = { url: before.url, requests: warmUps };
      const result = await generateLoad({ ...append, connections: clients, requests: appends, warmUp });
      requireStatus(result, 201);
      const { answers } = result;
      const millisEach = (from: number, to: number) =>
        ((answers[to - 1]?.[0] ?? Number.NaN) - (answers[from]?.[0] ?? Number.NaN)) / (to - from);
      // The very first answers come before all clients are at it.
      const [begin, end] = [millisEach(clients, ends + clients), millisEach(answers.length - ends, answers.length)];
      first.push(begin);
      last.push(end);
      say(
        `round ${round}: ${result.perSecond.toFixed(0)} appends/s; ` +
          `first ${begin.toFixed(3)} ms each, last ${end.toFixed(3)} ms each`,
      );
      await stack.untilRelayed();
    }
    const ratio = median(last.map((each, round) => each / (first[round] ?? Number.NaN)));
    return [
      {
        name: `hot dialog, ${appends} appends, all 201`,
        figure: `last ${ends}: ${median(last).toFixed(3)} ms each`,
        baseline: `first ${ends}: ${median(first).toFixed(3)} ms each`,
        ...{ ratio, goal: '<= 1.1', met: ratio <= 1.1, samples: { ours: last, theirs: first } },
      },
    ];
  },
};
