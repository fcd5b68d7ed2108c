import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createRoom } from './room.ts';

/** Lets in dialogs with these numbers of events, one after the other, and tells how many are in at the moment. */
async function entering(events: readonly number[]) {
  const room = createRoom({ dialogsAtOnceMax: 3, eventsAtOnceMax: 10 });
  const inside: number[] = [];
  const all = (async () => {
    for (const count of events) {
      await room.enter(count);
      inside.push(count);
    }
  })();
  await turn();
  return {
    inside,
    all,
    room,
    async leave(): Promise<void> {
      room.leave(inside.shift() ?? 0);
      await turn();
    },
  };
}

it('holds so many dialogs', async () => {
  const { inside, leave } = await entering([1, 1, 1, 1]);
  expect(inside).toHaveLength(3);
  await leave();
  expect(inside).toHaveLength(3);
});

it('holds dialogs with so many events, and one with more alone', async () => {
  const { inside, leave } = await entering([4, 6, 11, 1]);
  expect(inside).toEqual([4, 6]);
  await leave();
  expect(inside).toEqual([6]);
  await leave();
  expect(inside).toEqual([11]);
  await leave();
  expect(inside).toEqual([1]);
});

it('tells when it is empty', async () => {
  const { all, room, leave } = await entering([0, 5]);
  await all;
  let isEmpty = false;
  const emptied = room.empty().then(() => {
    isEmpty = true;
  });
  await leave();
  expect(isEmpty).toBe(false);
  await leave();
  await emptied;
});
