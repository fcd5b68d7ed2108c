import { withClient } from '@dialog/local/database';
import { z } from 'zod';
import { type BenchStack, startBenchStack } from '../bench-stack.ts';
import { describeCpu, withCpu } from '../cpu.ts';
import { generateLoad } from '../generate-load.ts';
import { storeYears } from '../many-dialogs.ts';
import { createDialog, requireStatus } from '../requests.ts';
import { inTurns, ratioOf } from '../rounds.ts';
import { median } from '../statistics.ts';
import type { Bench } from './row.ts';

const fewDialogs = 10_000;
const goal = 1.15;
/** Whose time a larger database could take. */
const concerned = ['postgres', 'dialog-worker'] as const;

/**
 * What a create costs when millions of dialogs are there already, with children, and concerns any of 200,000 parties.
 * Two stacks stand side by side, and each is written to in turn. CPU time counts as well as speed: how fast a machine is
 * changes from minute to minute, what a create makes it do does not.
 */
export const growth: Bench = {
  name: 'growth',
  long: true,
  about: 'creates with few and with many dialogs in the database',
  async run(_, { rounds, seconds, grownDialogs }, say) {
    const started: BenchStack[] = [];
    const grown = async (name: string, dialogs: number) => {
      const stack = await startBenchStack(name);
      started.push(stack);
      await stack.process('event-relay').stop();
      await storeYears(stack.database.owner, dialogs, say);
      await withClient(stack.process('postgres').url, (client) => client.query('checkpoint'));
      return stack;
    };
    try {
      const stacks = { ours: await grown('many', grownDialogs), theirs: await grown('few', fewDialogs) };
      const measure = async (side: keyof typeof stacks) => {
        const load = { ...createDialog(stacks[side]), connections: 256, seconds, ofManyParties: true };
        const result = await withCpu(stacks[side], () => generateLoad(load));
        requireStatus(result, 201);
        return result;
      };
      await measure('theirs');
      await measure('ours');

      const speed = { ours: [] as number[], theirs: [] as number[] };
      const cpu = await inTurns(rounds, async (side, round) => {
        const before = await countersOf(stacks[side]);
        const result = await measure(side);
        const after = await countersOf(stacks[side]);
        speed[side].push(result.perSecond);
        say(
          `round ${round}, ${side === 'ours' ? grownDialogs : fewDialogs}: ${result.perSecond.toFixed(0)}/s; ` +
            `CPU each ${describeCpu(result.cpu)}; ${describeCounters(before, after, result.answers.length)}`,
        );
        return concerned.reduce((sum, name) => sum + (result.cpu.micros.get(name) ?? 0), 0);
      });
      await describeSizes(stacks.ours, say);

      const [cost, slowdown] = [ratioOf(cpu), ratioOf({ ours: speed.theirs, theirs: speed.ours })];
      const name = `create with ${grownDialogs} dialogs`;
      return [
        {
          name: `${name}, CPU of Postgres and worker`,
          figure: `${median(cpu.ours).toFixed(0)} µs`,
          baseline: `${median(cpu.theirs).toFixed(0)} µs with ${fewDialogs}`,
          ...{ ratio: cost, goal: `<= ${goal}`, met: cost <= goal, samples: cpu },
        },
        {
          name: `${name}, time`,
          figure: `${median(speed.ours).toFixed(0)}/s`,
          baseline: `${median(speed.theirs).toFixed(0)}/s with ${fewDialogs}`,
          ...{ ratio: slowdown, goal: `<= ${goal}`, met: slowdown <= goal },
          samples: { ours: speed.theirs, theirs: speed.ours },
        },
      ];
    } finally {
      for (const stack of started) await stack.stop();
    }
  },
};

/** What Postgres counts of itself, that tells why something is slow. */
const counters = z.object({ hits: z.number(), reads: z.number(), walBytes: z.number(), fullPages: z.number() });
type Counters = z.infer<typeof counters>;

function countersOf({ database }: BenchStack): Promise<Counters> {
  return withClient(database.owner, async (client) => {
    const { rows } = await client.query(`
      select blks_hit::float as hits, blks_read::float as reads, wal_bytes::float as "walBytes",
        wal_fpi::float as "fullPages"
      from pg_stat_database, pg_stat_wal where datname = current_database()
    `);
    return counters.parse(rows[0]);
  });
}

function describeCounters(before: Counters, after: Counters, creates: number): string {
  const each = (counter: keyof Counters) => (after[counter] - before[counter]) / creates;
  const missed = (100 * each('reads')) / (each('hits') + each('reads'));
  return (
    `each ${each('reads').toFixed(1)} pages not in shared_buffers (${missed.toFixed(1)} %), ` +
    `${(each('walBytes') / 1024).toFixed(1)} KiB of WAL, ${each('fullPages').toFixed(1)} whole pages in it`
  );
}

async function describeSizes({ database }: BenchStack, say: (line: string) => void): Promise<void> {
  await withClient(database.owner, async (client) => {
    const { rows } = await client.query<{ name: string; size: string; buffers: string }>(`
      select relname as name, pg_size_pretty(pg_relation_size(oid)) as size, current_setting('shared_buffers') as buffers
      from pg_class where relkind = 'i' and relname like 'dialog%' order by pg_relation_size(oid) desc limit 12
    `);
    say(`shared_buffers ${rows[0]?.buffers}; indexes: ${rows.map(({ name, size }) => `${name} ${size}`).join(', ')}`);
  });
}
