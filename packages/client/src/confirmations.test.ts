import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Confirmations, createConfirmations } from './confirmations.ts';

let confirmations: Confirmations;
let sent: [string, string[]][];

beforeEach(() => {
  vi.useFakeTimers();
  confirmations = createConfirmations();
  sent = [];
});
afterEach(() => {
  confirmations.stop();
  vi.useRealTimers();
});

/** A session that keeps what is sent on it; it can have ended already. */
function session({ ended = false, confirmsTo = ['a', 'b'] } = {}): Parameters<Confirmations['use']>[0] {
  return {
    confirmsTo: new Set(confirmsTo),
    publish(subject, payload) {
      if (ended) throw new Error('The connection was closed.');
      sent.push([subject, payload.split('\n')]);
    },
  };
}

it('sends what comes together as one, and what comes meanwhile as the next', async () => {
  confirmations.use(session());
  for (const line of ['1', '2']) void confirmations.confirm('a', line);
  await Promise.resolve();
  for (const line of ['3', '4']) void confirmations.confirm('a', line);
  await Promise.resolve();
  expect(sent).toEqual([['a', ['1', '2']]]);
  confirmations.onConfirmed('a', ['1']);
  expect(sent).toHaveLength(1);
  confirmations.onConfirmed('a', ['2', 'of another program']);
  expect(sent[1]).toEqual(['a', ['3', '4']]);
});

it('sends no more lines at a time than the service takes', async () => {
  confirmations.use(session());
  const lines = Array.from({ length: 301 }, (_, index) => String(index));
  for (const line of lines) void confirmations.confirm('a', line);
  await Promise.resolve();
  confirmations.onConfirmed('a', lines.slice(0, 300));
  expect(sent).toEqual([
    ['a', lines.slice(0, 300)],
    ['a', lines.slice(300)],
  ]);
});

it('waits at one subject for no other', async () => {
  confirmations.use(session());
  for (const subject of ['a', 'b']) void confirmations.confirm(subject, '1');
  await Promise.resolve();
  confirmations.onConfirmed('b', ['1']);
  void confirmations.confirm('b', '2');
  await Promise.resolve();
  expect(sent).toEqual([
    ['a', ['1']],
    ['b', ['1']],
    ['b', ['2']],
  ]);
  vi.advanceTimersByTime(5_000);
  expect(sent.slice(3)).toEqual([
    ['a', ['1']],
    ['b', ['2']],
  ]);
});

it('is done with what may not be confirmed any more', async () => {
  confirmations.use(session());
  const withdrawn = confirmations.confirm('a', '1');
  void confirmations.confirm('b', '1');
  confirmations.use(session({ confirmsTo: ['b'] }));
  await withdrawn;
  await confirmations.confirm('a', '2');
  sent = [];
  vi.advanceTimersByTime(5_000);
  expect(sent).toEqual([['b', ['1']]]);
});

it('tells each when it is confirmed', async () => {
  confirmations.use(session());
  const order: string[] = [];
  const both = ['1', '2'].map((line) => confirmations.confirm('a', line).then(() => order.push(line)));
  confirmations.onConfirmed('a', ['2']);
  await both[1];
  expect(order).toEqual(['2']);
  confirmations.onConfirmed('a', ['1']);
  await both[0];
  expect(order).toEqual(['2', '1']);
});

it('sends again what came together and nobody has confirmed in time', async () => {
  confirmations.use(session());
  for (const line of ['1', '2']) void confirmations.confirm('a', line);
  await Promise.resolve();
  vi.advanceTimersByTime(5_000);
  expect(sent).toEqual([
    ['a', ['1', '2']],
    ['a', ['1', '2']],
  ]);
});

it('sends again what nobody has confirmed in time, and on the next session', async () => {
  void confirmations.confirm('a', '1');
  confirmations.use(session({ ended: true }));
  expect(sent).toEqual([]);
  confirmations.use(session());
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(5_000);
  expect(sent).toHaveLength(2);
  confirmations.onConfirmed('a', ['1']);
  vi.advanceTimersByTime(50_000);
  expect(sent).toHaveLength(2);
});

it('waits for what is not confirmed yet, and rejects what never will be', async () => {
  confirmations.use(session());
  const first = confirmations.confirm('a', '1');
  const second = confirmations.confirm('a', '2');
  let isSettled = false;
  const settled = confirmations.settle(1_000).then(() => {
    isSettled = true;
  });
  confirmations.onConfirmed('a', ['1']);
  await first;
  expect(isSettled).toBe(false);
  vi.advanceTimersByTime(1_000);
  await settled;
  confirmations.stop();
  await expect(second).rejects.toThrow('closed before it was confirmed');
});
