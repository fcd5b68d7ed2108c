import { generateLoad } from '../generate-load.ts';
import { taxReturn, transmission } from '../tax-return.ts';
import { type Bench, post, requireStatus } from './row.ts';

const clients = 64;
const path = '/api/v1/serviceowner/dialogs';

/** Many clients append to one dialog: the last appends against the first. */
export const hotDialog: Bench = {
  name: 'hot-dialog',
  about: `${clients} clients append transmissions to one dialog, without If-Match`,
  async run(stack, { appends }, say) {
    const create = post(stack, `${stack.gatewayUrl}${path}`, taxReturn());
    const appending = async (count: number) => {
      const created = await fetch(create.url, { method: 'POST', headers: create.headers, body: create.body ?? '' });
      const dialogId = String(await created.json());
      const append = post(stack, `${create.url}/${dialogId}/transmissions`, transmission());
      const result = await generateLoad({ ...append, connections: clients, requests: count });
      requireStatus(result, 201);
      return result;
    };
    await appending(1_000);
    const result = await appending(appends);

    // A tenth at each end, the same number of answers on both sides.
    const size = Math.floor(appends / 10);
    const millisEach = (from: number, to: number) =>
      ((result.answers[to - 1]?.[0] ?? Number.NaN) - (result.answers[from]?.[0] ?? Number.NaN)) / (to - from);
    // The very first answers come before all clients are at it.
    const first = millisEach(clients, size + clients);
    const last = millisEach(result.answers.length - size, result.answers.length);
    const ratio = last / first;
    say(`${result.perSecond.toFixed(0)} appends/s; first ${first.toFixed(3)} ms each, last ${last.toFixed(3)} ms each`);
    return [
      {
        name: `hot dialog, ${appends} appends, all 201`,
        figure: `last ${size}: ${last.toFixed(3)} ms each`,
        baseline: `first ${size}: ${first.toFixed(3)} ms each`,
        ...{ ratio, goal: '<= 1.1', met: ratio <= 1.1 },
      },
    ];
  },
};
