import { expect, it } from 'vitest';
import { subscribe } from './subscribe.ts';

const options = { url: 'http://127.0.0.1:1', token: () => 'token', name: 'test' };

it('ends when it is closed, though its source of tokens never answers', async () => {
  const events = subscribe({ ...options, token: () => new Promise(() => {}) });
  const next = events[Symbol.asyncIterator]().next();
  await events.close();
  expect(await next).toEqual({ value: undefined, done: true });
});

it('goes on when its source of tokens fails', async () => {
  const failures: unknown[] = [];
  const twice = Promise.withResolvers<void>();
  const events = subscribe({
    ...options,
    token: () => Promise.reject(new Error('no token')),
    onInterruption: (err) => {
      if (failures.push(err) === 2) twice.resolve();
    },
  });
  await twice.promise;
  expect(failures).toEqual([new Error('no token'), new Error('no token')]);
  await events.close();
});

it('fails the loop with what nobody has thought of', async () => {
  const bug = new Error('in onInterruption');
  const onInterruption = () => {
    throw bug;
  };
  await expect(
    subscribe({ ...options, onInterruption })
      [Symbol.asyncIterator]()
      .next(),
  ).rejects.toBe(bug);
});

it('is refused at once for a filter that lets nothing through', () => {
  expect(() => subscribe({ ...options, filter: { dialogId: [] } })).toThrow('filter.dialogId must have a value.');
});
