import { expect, it } from 'vitest';
import { z } from 'zod';
import { createLogger } from './logger.ts';
import { reportRepeatedFaults } from './repeated-faults.ts';

const line = z.object({ msg: z.string(), round: z.string(), err: z.object({ message: z.string() }) });

it('tells of each way in which something fails once, until it is forgotten', () => {
  const logged: string[] = [];
  const log = createLogger('test', 'info', {
    write(text) {
      const { msg, round, err } = line.parse(JSON.parse(text));
      logged.push(`${msg} ${round} ${err.message}`);
    },
  });
  const faults = reportRepeatedFaults(log, 'interrupted', { round: 'policies' });
  expect(['away', 'away', 'refused', 'away'].map((way) => faults.failed(new Error(way)))).toEqual([
    ...[true, false, true, true],
  ]);
  faults.forget();
  expect(faults.failed(new Error('away'))).toBe(true);
  expect(logged).toEqual(['away', 'refused', 'away', 'away'].map((way) => `interrupted policies ${way}`));
});
