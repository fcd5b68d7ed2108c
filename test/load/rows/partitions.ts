import { partitionDialogs } from '@dialog/database/hash-partitions';
import { openDatabase } from '@dialog/database/open';
import { withCpu } from '../cpu.ts';
import { generateLoad } from '../generate-load.ts';
import { storeManyDialogs } from '../many-dialogs.ts';
import { createDialog, requireStatus, type Sent } from '../requests.ts';
import type { BenchRow } from '../results.ts';
import { median } from '../statistics.ts';
import type { Bench } from './row.ts';

/** Into how many hash partitions the tables of dialogs are divided; the first is the baseline. */
const layouts = [0, 8, 16] as const;
/** Each round writes all tables anew three times, which takes minutes for a million dialogs. */
const dialogsMax = 200_000;
const roundsMax = 3;
const dialogsPath = '/api/v1/serviceowner/dialogs';

type Case = { name: string; request: Sent; connections: number; status: number };

/** What Postgres spends on a request, on tables that are divided by the dialog's id and on such that are not. */
export const partitions: Bench = {
  name: 'partitions',
  about: 'hash partitions by dialog: what creates, reads and searches cost Postgres with 8, 16 and none',
  long: true,
  async run(stack, { rounds, seconds, ...settings }, say) {
    const dialogs = Math.min(settings.dialogs, dialogsMax);
    const { parties, resources } = await storeManyDialogs(stack.database.owner, dialogs, say);
    const create = createDialog(stack);
    const made = await fetch(create.url, create);
    const get = (search: string): Sent => ({
      url: `${stack.gatewayUrl}${dialogsPath}${search}`,
      method: 'GET',
      headers: { Authorization: `Bearer ${stack.token}` },
    });
    const party = { small: parties[7] ?? '', large: parties[0] ?? '' };
    const ofParty = (query: Record<string, string>) => get(`?${new URLSearchParams({ ...query, limit: '100' })}`);
    const cases: Case[] = [
      { name: 'create', request: create, connections: 64, status: 201 },
      { name: 'read', request: get(`/${String(await made.json())}`), connections: 4, status: 200 },
      { name: 'search, small party', request: ofParty({ party: party.small }), connections: 4, status: 200 },
      {
        ...{ name: 'search, large party and service', connections: 4, status: 200 },
        request: ofParty({ party: party.large, serviceResource: resources[0] ?? '' }),
      },
    ];

    const owner = openDatabase(stack.database.owner, {
      ...{ applicationName: 'bench', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 3_600_000 },
    });
    const micros = new Map(cases.map(({ name }) => [name, new Map(layouts.map((count) => [count, [] as number[]]))]));
    // Written anew before the first round too: fresh indexes are smaller, and their pages split at the next inserts.
    await partitionDialogs(owner, 2);
    for (let round = 1; round <= Math.min(rounds, roundsMax); round += 1) {
      for (const count of round % 2 === 1 ? layouts : layouts.toReversed()) {
        await partitionDialogs(owner, count);
        for (const { name, request, connections, status } of cases) {
          await generateLoad({ ...request, connections, requests: 10 * connections });
          const result = await withCpu(stack, () => generateLoad({ ...request, connections, seconds }));
          requireStatus(result, status);
          const spent = result.cpu.micros.get('postgres') ?? 0;
          say(`round ${round}, ${count} partitions, ${name}: ${spent.toFixed(0)} µs of Postgres each`);
          micros.get(name)?.get(count)?.push(spent);
        }
      }
    }
    await partitionDialogs(owner, 0);
    await owner.destroy();
    return [...micros].flatMap(([name, byLayout]) => rowsOf(`${name}, ${dialogs} dialogs`, byLayout));
  },
};

function rowsOf(name: string, byLayout: ReadonlyMap<number, number[]>): BenchRow[] {
  const [plain, ...divided] = [...byLayout];
  const theirs = plain?.[1] ?? [];
  return divided.map(([count, ours]) => ({
    name: `${name}, ${count} partitions`,
    figure: `${median(ours).toFixed(0)} µs of Postgres`,
    baseline: `${median(theirs).toFixed(0)} µs without`,
    ...{ ratio: median(ours) / median(theirs), goal: '(none)', met: true, samples: { ours, theirs } },
  }));
}
