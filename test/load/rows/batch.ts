import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { BenchStack } from '../bench-stack.ts';
import { describeCpu, withCpu } from '../cpu.ts';
import { generateLoad } from '../generate-load.ts';
import { createInBatch, requireStatus } from '../requests.ts';
import { inTurns, ratioOf, withoutRelay } from '../rounds.ts';
import { median } from '../statistics.ts';
import type { Bench } from './row.ts';

const baseline = path.join(import.meta.dirname, '../baselines/batched-inserts.ts');
const goal = 0.6;
const uploads = 4;

/** Dialogs as lines of a few endless requests, against nothing but Postgres. */
export const batch: Bench = {
  name: 'batch',
  about: 'creates by NDJSON, against Postgres alone with 50 dialogs a transaction',
  async run(stack, { rounds, seconds }, say) {
    const upload = async () => {
      const load = { ...createInBatch(stack), connections: uploads, seconds };
      const result = await withCpu(stack, () => generateLoad(load));
      requireStatus(result, 201);
      return result;
    };
    const creates = await withoutRelay(stack, async () => {
      await upload();
      return inTurns(rounds, async (side, round) => {
        if (side === 'theirs') {
          const perSecond = await insertInBatches(stack, seconds);
          say(`round ${round}, theirs: ${perSecond.toFixed(0)}/s`);
          return perSecond;
        }
        const { perSecond, cpu, generatorCores } = await upload();
        say(
          `round ${round}, ours: ${perSecond.toFixed(0)}/s; CPU each ${describeCpu(cpu)}; ` +
            `generator ${generatorCores.toFixed(2)} cores`,
        );
        return perSecond;
      });
    });
    const ratio = ratioOf(creates);
    return [
      {
        name: `create, NDJSON, ${uploads} uploads`,
        figure: `${median(creates.ours).toFixed(0)}/s`,
        baseline: `${median(creates.theirs).toFixed(0)}/s, Postgres alone, 50 dialogs a transaction`,
        ...{ ratio, goal: `>= ${goal}`, met: ratio >= goal, samples: creates },
      },
    ];
  },
};

async function insertInBatches({ database }: BenchStack, seconds: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [baseline, String(seconds)], {
    env: { ...process.env, DATABASE_URL: database.app },
  });
  return z.object({ perSecond: z.number() }).parse(JSON.parse(stdout)).perSecond;
}
