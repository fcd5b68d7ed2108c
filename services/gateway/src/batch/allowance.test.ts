import { expect, it } from 'vitest';
import { createAllowance } from './allowance.ts';

it('lets lines in up to its limits, and then in order as others give back what they had', async () => {
  const allowance = createAllowance({ linesMax: 3, bytesMax: 10 });
  const entered: string[] = [];
  const enter = async (name: string, bytes: number) => {
    await allowance.take(bytes);
    entered.push(name);
  };
  expect(allowance.take(6)).toBeUndefined();
  const waiting = [enter('too many bytes', 5), enter('behind it', 1)];
  allowance.give(1, 6);
  await Promise.all(waiting);
  expect(entered).toEqual(['too many bytes', 'behind it']);

  expect(allowance.take(1)).toBeUndefined();
  const fourth = enter('too many lines', 0);
  allowance.give(1, 1);
  await fourth;
});

it('lets a line in that is larger than allowed when nothing else is in hand', () => {
  const allowance = createAllowance({ linesMax: 3, bytesMax: 10 });
  expect(allowance.take(11)).toBeUndefined();
  expect(allowance.take(1)).toBeInstanceOf(Promise);
});

it('counts what lines have become', async () => {
  const allowance = createAllowance({ linesMax: 3, bytesMax: 10 });
  void allowance.take(4);
  allowance.change(6);
  const waiting = allowance.take(3);
  expect(waiting).toBeInstanceOf(Promise);
  allowance.change(-3);
  await waiting;
});
