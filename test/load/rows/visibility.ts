import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '@dialog/local/database';
import { generateLoad } from '../generate-load.ts';
import { createDialog, post, requireStatus } from '../requests.ts';
import { taxReturn } from '../tax-return.ts';
import type { Bench } from './row.ts';

const goalPerSecond = 500;
const goalMeanwhileMs = 500;
/** Other writes meanwhile: few, so that what is measured is how long one of them waits. */
const creates = { connections: 64, rate: 20 };

/** A hundred thousand dialogs with the same `visibleFrom`, while others are created. */
export const visibility: Bench = {
  name: 'visibility',
  long: true,
  about: 'many dialogs become visible at once, four events each, and others are created meanwhile',
  async run(stack, { appearances, seconds }, say) {
    const create = createDialog(stack);
    const worker = stack.process('visibility-worker');
    const alone = await generateLoad({ ...create, ...creates, seconds });
    requireStatus(alone, 201);

    // Stored while nobody looks: they would take longer than the time until any moment that could be chosen.
    await worker.stop();
    const visibleFrom = new Date(Date.now() + 3_600_000).toISOString();
    const { url, headers, body } = post(stack, create.url, { ...taxReturn(), visibleFrom });
    const sample = await fetch(url, { method: 'POST', headers, body });
    if (sample.status !== 201) throw new Error(`No example: ${sample.status} ${await sample.text()}`);
    const sampleId = String(await sample.json());
    await withClient(stack.database.owner, async (client) => {
      const { rows } = await client.query<{ name: string }>(`
        select column_name as name from information_schema.columns
        where table_name = 'dialog' and is_generated = 'NEVER'
          and column_name not in ('id', 'revision', 'visible_from', 'visibility_due_at')
      `);
      const others = rows.map(({ name }) => name).join(', ');
      await client.query(
        `insert into dialog (id, revision, visible_from, visibility_due_at, ${others})
         select gen_random_uuid(), gen_random_uuid(), now(), now(), ${others}
         from dialog, generate_series(1, $2::int) where id = $1`,
        [sampleId, appearances],
      );
      await client.query(
        `insert into withheld_event (dialog_id, seq, event)
         select dialog.id, seq, event || jsonb_build_object('id', gen_random_uuid())
         from withheld_event, dialog where dialog_id = $1 and visibility_due_at <= now()`,
        [sampleId],
      );
      await client.query('vacuum (analyze) dialog, withheld_event');
    });
    say(`${appearances} dialogs stored`);

    await worker.start();
    const startedAt = performance.now();
    const [meanwhile, doneAt] = await Promise.all([
      generateLoad({ ...create, ...creates, seconds }),
      untilNothingIsDue(stack.database.owner, say),
    ]);
    requireStatus(meanwhile, 201);
    const tookS = (doneAt - startedAt) / 1_000;
    const perSecond = appearances / tookS;
    await stack.untilRelayed();
    say(`relayed ${((performance.now() - doneAt) / 1_000).toFixed(1)} s later`);
    const [p50, p99] = [meanwhile.latencyMs.p50, meanwhile.latencyMs.p99];
    return [
      {
        name: `${appearances} dialogs become visible at once`,
        figure: `${tookS.toFixed(1)} s, ${perSecond.toFixed(0)}/s`,
        baseline: `${goalPerSecond}/s`,
        ...{ ratio: perSecond / goalPerSecond, goal: '>= 1', met: perSecond >= goalPerSecond },
        samples: { perSecond: [perSecond] },
      },
      {
        name: 'a waited create meanwhile',
        figure: `p99 ${p99.toFixed(0)} ms, p50 ${p50.toFixed(0)} ms`,
        baseline: `p99 ${alone.latencyMs.p99.toFixed(0)} ms, p50 ${alone.latencyMs.p50.toFixed(0)} ms`,
        ...{ ratio: p99 / alone.latencyMs.p99, goal: `p99 < ${goalMeanwhileMs} ms`, met: p99 < goalMeanwhileMs },
        samples: { latencyMs: meanwhile.answers.map(([, latencyMs]) => latencyMs) },
      },
    ];
  },
};

/** When it was so, on the clock of `performance`. */
async function untilNothingIsDue(databaseUrl: string, say: (line: string) => void): Promise<number> {
  return withClient(databaseUrl, async (client) => {
    for (let told = performance.now(); ; await delay(100)) {
      const { rows } = await client.query<{ due: string }>(
        'select count(*) as due from dialog where visibility_due_at <= now()',
      );
      const due = Number(rows[0]?.due);
      if (due === 0) return performance.now();
      if (performance.now() - told < 5_000) continue;
      told = performance.now();
      say(`${due} still due`);
    }
  });
}
