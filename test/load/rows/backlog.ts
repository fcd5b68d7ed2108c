import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '@dialog/local/database';
import type { BenchStack } from '../bench-stack.ts';
import { generateLoad } from '../generate-load.ts';
import { listen } from '../heard-events.ts';
import { cpuSecondsOf } from '../processes.ts';
import { createDialog, requireStatus } from '../requests.ts';
import { quantileOf } from '../statistics.ts';
import { eventsPerDialog } from '../tax-return.ts';
import type { Bench } from './row.ts';

/** So that what is measured is how long a change waits for others, not for the machine. */
const creates = { connections: 16, rate: 20 };
const goalMaxMs = 5_000;
const goalPerSecond = 1_000;

/** What new changes wait for when the relay comes back after an outage. */
export const backlog: Bench = {
  name: 'backlog',
  about: 'as many changes as dialogs to search wait for the relay, and new dialogs are created meanwhile',
  long: true,
  async run(stack, { dialogs: changes, seconds }, say) {
    const relay = stack.process('event-relay');
    await stack.untilRelayed();
    const alone = await latenciesWhile(stack, seconds, () => delay(seconds * 1_000));
    await relay.stop();
    await storeChanges(stack.database.owner, changes);
    say(`${changes} changes stored`);

    const cpuBefore = cpuSecondsOf(stack.pids());
    await relay.start();
    const startedAt = performance.now();
    let tookS = Number.NaN;
    const meanwhile = await latenciesWhile(stack, seconds, async () => {
      await untilPassed(stack.database.owner, say);
      tookS = (performance.now() - startedAt) / 1_000;
    });
    const cpu = [...cpuSecondsOf(stack.pids())].map(
      ([name, used]) => [name, used - (name === relay.name ? 0 : (cpuBefore.get(name) ?? 0))] as const,
    );
    const used = cpu.filter(([, spent]) => spent > 0.5).map(([name, spent]) => `${name} ${spent.toFixed(1)}`);
    say(`CPU seconds: ${used.join(', ')}`);
    await stack.untilRelayed();

    const perSecond = changes / tookS;
    const max = meanwhile.at(-1) ?? Number.NaN;
    const described = (latencies: readonly number[]) =>
      `p50 ${quantileOf(latencies, 0.5)} ms, p99 ${quantileOf(latencies, 0.99)} ms, max ${latencies.at(-1)} ms`;
    return [
      {
        name: `an event while ${changes} changes are behind`,
        figure: described(meanwhile),
        baseline: described(alone),
        ratio: quantileOf(meanwhile, 0.5) / quantileOf(alone, 0.5),
        ...{ goal: `max < ${goalMaxMs / 1_000} s`, met: max < goalMaxMs },
        samples: { latencyMs: meanwhile },
      },
      {
        name: `catching up with ${changes} changes`,
        figure: `${tookS.toFixed(0)} s, ${perSecond.toFixed(0)}/s`,
        baseline: `${goalPerSecond}/s`,
        ...{ ratio: perSecond / goalPerSecond, goal: '>= 1', met: perSecond >= goalPerSecond },
        samples: { perSecond: [perSecond] },
      },
    ];
  },
};

/** How long events of new dialogs take while something goes on, ascending. */
async function latenciesWhile(stack: BenchStack, seconds: number, work: () => Promise<void>): Promise<number[]> {
  const listener = await listen(stack, 'skd');
  try {
    let created = 0;
    let isDone = false;
    const working = work().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      const result = await generateLoad({ ...createDialog(stack), ...creates, seconds });
      requireStatus(result, 201);
      created += result.answers.length;
    }
    await working;
    return await listener.latenciesMs(created * eventsPerDialog);
  } finally {
    await listener.close();
  }
}

/**
 * Puts changes into the outbox as workers would have in an outage: three of each dialog, one event each, of another service
 * owner than the one whose events are listened to.
 */
async function storeChanges(databaseUrl: string, count: number): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query('begin');
    const { rows } = await client.query('select id from lane order by id for update');
    const perLane = Math.ceil(count / rows.length);
    await client.query(
      `insert into outbox (lane, seq, occurred_at, change)
       select lane.id, outbox_seq + n, now(), json_build_object(
         'dialogId', ('019d0000-0000-7000-8' || lpad(lane.id::text, 3, '0') || '-' || lpad((n / 3)::text, 12, '0')),
         'revision', gen_random_uuid(), 'org', 'nav', 'party', 'urn:altinn:organization:identifier-no:991825827',
         'serviceResource', 'urn:altinn:resource:nav-letters', 'process', null, 'precedingProcess', null,
         'occurredAt', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"0Z"'), 'traceparent', null,
         'events', json_build_array(json_build_object(
           'id', gen_random_uuid(), 'audiences', json_build_array('owner', 'party'), 'type', 'DialogUpdated')))
       from lane, generate_series(1, $1::int) as n`,
      [perLane],
    );
    await client.query('update lane set outbox_seq = outbox_seq + $1', [perLane]);
    await client.query('commit');
    await client.query('vacuum (analyze) outbox');
  });
}

/** Until the relay has passed all rows that there are now. */
async function untilPassed(databaseUrl: string, say: (line: string) => void): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    const { rows: ends } = await client.query<{ id: number; seq: string }>('select id, outbox_seq as seq from lane');
    for (let told = performance.now(); ; await delay(100)) {
      const { rows } = await client.query<{ behind: string; bypasses: number }>(
        `select coalesce(sum(greatest(0, ends.seq - cursor.seq)), 0) as behind, (select count(*)::int from outbox_bypass) as bypasses
         from unnest($1::int[], $2::bigint[]) as ends (lane, seq)
         join outbox_cursor as cursor on cursor.lane = ends.lane and reader = 'event-relay'`,
        [ends.map(({ id }) => id), ends.map(({ seq }) => seq)],
      );
      const { behind = '0', bypasses = 0 } = rows[0] ?? {};
      if (Number(behind) === 0) return;
      if (performance.now() - told < 10_000) continue;
      told = performance.now();
      say(`${behind} behind, ${bypasses} lanes with a bypass`);
    }
  });
}
