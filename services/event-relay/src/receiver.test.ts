import type { Handover } from '@dialog/access/platform/events';
import { createLogger } from '@dialog/telemetry/logger';
import { Registry } from 'prom-client';
import { expect, it, vi } from 'vitest';
import { createForwarderMetrics } from './metrics.ts';
import { watchReceiver } from './receiver.ts';

function receiver() {
  let next: Handover['kind'] = 'delivered';
  const lines: string[] = [];
  const log = createLogger('test', 'info', { write: (line) => lines.push(line) });
  const events = {
    publish: async (): Promise<Handover> =>
      next === 'delivered' ? { kind: next } : { kind: next, reason: `events: ${next}` },
  };
  const watched = watchReceiver(events, { log, metrics: createForwarderMetrics(new Registry()) });
  return {
    ...watched,
    lines,
    async answers(kind: Handover['kind'], ...dialogIds: string[]) {
      next = kind;
      for (const dialogId of dialogIds) await watched.publish(dialogId, '{}');
    },
  };
}

it('is away when it fails at several dialogs and delivers nothing in between, and says so once', async () => {
  const { answers, isAway, lines } = receiver();
  await answers('failed', 'a', 'b');
  await answers('delivered', 'c');
  await answers('failed', 'a', 'b', 'a', 'a', 'b');
  expect(isAway()).toBe(false);
  await answers('failed', 'd');
  expect(isAway()).toBe(true);
  await answers('failed', 'e', 'f');
  expect(lines).toHaveLength(1);
});

it('is not away for one dialog, however often that fails', async () => {
  const { answers, isAway } = receiver();
  await answers('failed', ...Array.from({ length: 50 }, () => 'a'));
  expect(isAway()).toBe(false);
});

it.each(['delivered', 'refused'] as const)('is back with the first event that is %s', async (kind) => {
  const { answers, isAway, onReturn, hasAnsweredSince } = receiver();
  const listener = vi.fn();
  onReturn(listener);
  await answers('failed', 'a', 'b', 'c');
  const since = Date.now() - 1;
  expect(hasAnsweredSince(since)).toBe(false);
  await answers(kind, 'd', 'e');
  expect(isAway()).toBe(false);
  expect(listener).toHaveBeenCalledOnce();
  expect(hasAnsweredSince(since)).toBe(true);
});
