import { expect, it, vi } from 'vitest';
import { startRotation } from './rotation.ts';

/** A rotation whose turns end when the test says so. */
function heldRotation(turnsAtOnceMax: number) {
  const running = new Map<number, PromiseWithResolvers<boolean>>();
  const given: number[] = [];
  const onFault = vi.fn();
  const rotation = startRotation({
    turnsAtOnceMax,
    onFault,
    turn: (lane) => {
      if (running.has(lane)) throw new Error(`Lane ${lane} is at work already.`);
      const turn = Promise.withResolvers<boolean>();
      running.set(lane, turn);
      given.push(lane);
      return turn.promise;
    },
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  async function end(lane: number, more: boolean): Promise<void> {
    running.get(lane)?.resolve(more);
    running.delete(lane);
    await settled();
  }
  async function fail(lane: number, fault: Error): Promise<void> {
    running.get(lane)?.reject(fault);
    running.delete(lane);
    await settled();
  }
  return { rotation, running, given, onFault, settled, end, fail };
}

it('gives each lane its turn in the order in which they were woken, a few at once', async () => {
  const { rotation, given, end } = heldRotation(2);
  for (const lane of [3, 1, 2, 0]) rotation.wake(lane);
  expect(given).toEqual([3, 1]);
  await end(1, false);
  await end(2, false);
  expect(given).toEqual([3, 1, 2, 0]);
});

it('lets a lane with a long backlog wait behind the others after every batch', async () => {
  const { rotation, given, end } = heldRotation(1);
  rotation.wake(0);
  rotation.wake(1);
  await end(0, true);
  rotation.wake(2);
  await end(1, false);
  await end(0, true);
  await end(2, false);
  expect(given).toEqual([0, 1, 0, 2, 0]);
});

it('gives a lane one turn at a time, and one more when it was woken meanwhile', async () => {
  const { rotation, given, end } = heldRotation(4);
  rotation.wake(7);
  rotation.wake(7);
  rotation.wake(7);
  expect(given).toEqual([7]);
  await end(7, false);
  expect(given).toEqual([7, 7]);
  await end(7, false);
  expect(given).toEqual([7, 7]);
});

it('gives no more turns after a fault, and reports it', async () => {
  const { rotation, given, onFault, fail } = heldRotation(1);
  rotation.wake(0);
  rotation.wake(1);
  const fault = new Error('gone');
  await fail(0, fault);
  rotation.wake(2);
  expect(onFault).toHaveBeenCalledWith(fault);
  expect(given).toEqual([0]);
});

it('stops when the turns under way have ended', async () => {
  const { rotation, given, settled, end } = heldRotation(2);
  for (const lane of [0, 1, 2]) rotation.wake(lane);
  let stopped = false;
  const stopping = rotation.stop().then(() => {
    stopped = true;
  });
  await end(0, true);
  await settled();
  expect(stopped).toBe(false);
  await end(1, true);
  await stopping;
  expect(given).toEqual([0, 1]);
});
