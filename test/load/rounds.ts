import type { BenchStack } from './bench-stack.ts';
import { median } from './statistics.ts';

type Sides = { ours: number[]; theirs: number[] };

/**
 * Measures both sides of a comparison in turn, the other one first each time: what else the machine does, and what the
 * one leaves to the other, should hit both.
 */
export async function inTurns(
  rounds: number,
  measure: (side: keyof Sides, round: number) => Promise<number>,
): Promise<Sides> {
  const sides: Sides = { ours: [], theirs: [] };
  for (let round = 1; round <= rounds; round += 1) {
    const order = round % 2 === 1 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const);
    for (const side of order) sides[side].push(await measure(side, round));
  }
  return sides;
}

/** Of each round ours against theirs, and of these the median. */
export function ratioOf({ ours, theirs }: Sides): number {
  return median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}

/**
 * Does something while no events are relayed: baselines have nobody to relay their outbox. What the relay costs is a
 * figure of its own.
 */
export async function withoutRelay<Result>(stack: BenchStack, work: () => Promise<Result>): Promise<Result> {
  const relay = stack.process('event-relay');
  await relay.stop();
  const result = await work();
  await relay.start();
  await stack.untilRelayed();
  return result;
}
