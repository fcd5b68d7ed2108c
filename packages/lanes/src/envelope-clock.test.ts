import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEnvelopeClock } from './envelope-clock.ts';

const settings = { commandsMax: 4, bytesMax: 100, capMs: 25, soonCapMs: 5 };

function clockWith(...items: string[]) {
  const clock = createEnvelopeClock<string>(settings);
  for (const item of items) clock.add(item, 1);
  return clock;
}

describe('the clock of a lane', () => {
  it('sends the first command at once', () => {
    const clock = clockWith('a');
    expect(clock.dueInMs(0)).toBe(0);
    expect(clock.take(0)).toEqual(['a']);
  });

  it('has nothing to send when nothing came in', () => {
    const clock = clockWith();
    expect(clock.take(0)).toBeUndefined();
    expect(clock.dueInMs(0)).toBeUndefined();
  });

  it('lets commands gather while an envelope is on its way, and sends them together when it has landed', () => {
    const clock = clockWith('a');
    clock.take(0);
    clock.acknowledged();
    clock.add('b', 1);
    clock.add('c', 1);
    expect(clock.take(10)).toBeUndefined();
    clock.landed(0);
    expect(clock.take(10)).toEqual(['b', 'c']);
  });

  it('waits less for a command that is to be accepted soon, and as long as ever once that has left', () => {
    const clock = clockWith('a');
    clock.take(100);
    clock.acknowledged();
    clock.add('b', 1);
    expect(clock.dueInMs(101)).toBe(24);
    clock.add('c', 1, { soon: true });
    expect(clock.dueInMs(101)).toBe(4);
    expect(clock.take(104)).toBeUndefined();
    expect(clock.take(105)).toEqual(['b', 'c']);
    clock.acknowledged();
    clock.add('d', 1);
    expect(clock.dueInMs(105)).toBe(25);
  });

  it('waits longer for each envelope that is on its way, up to the cap', () => {
    const clock = clockWith('a');
    let now = 0;
    const heldBackMs = (item: string) => {
      clock.acknowledged();
      clock.add(item, 1, { soon: true });
      const dueInMs = clock.dueInMs(now) ?? 0;
      now += dueInMs;
      expect(clock.take(now)).toEqual([item]);
      return dueInMs;
    };
    clock.take(now);
    expect(['b', 'c', 'd', 'e', 'f', 'g'].map(heldBackMs)).toEqual([5, 10, 15, 20, 25, 25]);
    clock.landed(2);
    expect(heldBackMs('h')).toBe(10);
  });

  it('lets commands that are only to be accepted soon gather when the one ahead has landed', () => {
    const clock = createEnvelopeClock<string>(settings);
    clock.add('a', 1, { soon: true });
    expect(clock.take(100)).toEqual(['a']);
    clock.acknowledged();
    clock.landed(0);
    clock.add('b', 1, { soon: true });
    expect(clock.dueInMs(102)).toBe(3);
    expect(clock.take(104)).toBeUndefined();
    clock.add('c', 1, { soon: true });
    expect(clock.take(105)).toEqual(['b', 'c']);
    clock.acknowledged();
    clock.landed(0);
    clock.add('d', 1, { soon: true });
    clock.add('waited for', 1);
    expect(clock.take(105)).toEqual(['d', 'waited for']);
  });

  it('waits for an outcome no longer than the cap', () => {
    const clock = clockWith('a');
    clock.take(100);
    clock.acknowledged();
    clock.add('b', 1);
    expect(clock.dueInMs(110)).toBe(15);
    expect(clock.take(124)).toBeUndefined();
    expect(clock.take(125)).toEqual(['b']);
  });

  it('does not wait for an outcome when an envelope is full of commands', () => {
    const clock = clockWith('a');
    clock.take(0);
    clock.acknowledged();
    for (const item of ['b', 'c', 'd', 'e', 'f']) clock.add(item, 1);
    expect(clock.take(1)).toEqual(['b', 'c', 'd', 'e']);
  });

  it('does not wait for an outcome when an envelope is full of bytes', () => {
    const clock = clockWith('a');
    clock.take(0);
    clock.acknowledged();
    clock.add('b', 60);
    expect(clock.take(1)).toBeUndefined();
    clock.add('c', 60);
    expect(clock.take(1)).toEqual(['b']);
  });

  it('lets a command travel alone that is larger than an envelope', () => {
    const clock = createEnvelopeClock<string>(settings);
    clock.add('large', 1_000);
    clock.add('small', 1);
    expect(clock.take(0)).toEqual(['large']);
    clock.acknowledged();
    clock.landed(0);
    expect(clock.take(0)).toEqual(['small']);
  });

  it('sends nothing behind an envelope that Redis has not acknowledged, however long that takes', () => {
    const clock = clockWith('a');
    clock.take(0);
    for (const item of ['b', 'c', 'd', 'e', 'f']) clock.add(item, 1);
    clock.landed(0);
    clock.hurry();
    expect(clock.take(1_000)).toBeUndefined();
    expect(clock.dueInMs(1_000)).toBeUndefined();
    clock.acknowledged();
    expect(clock.take(1_000)).toEqual(['b', 'c', 'd', 'e']);
  });

  it('goes on after an envelope that could not be sent', () => {
    const clock = clockWith('a');
    clock.take(0);
    clock.add('b', 1);
    clock.failed(0);
    expect(clock.take(0)).toEqual(['b']);
  });

  it('waits for no outcome once it hurries', () => {
    const clock = clockWith('a');
    clock.take(0);
    clock.acknowledged();
    clock.add('b', 1);
    clock.hurry();
    expect(clock.dueInMs(1)).toBe(0);
    expect(clock.take(1)).toEqual(['b']);
  });

  it('forgets what is dropped', () => {
    const clock = clockWith('a', 'b');
    expect(clock.drop()).toEqual(['a', 'b']);
    expect(clock.waiting()).toEqual({ commands: 0, bytes: 0 });
    expect(clock.take(0)).toBeUndefined();
  });

  it('keeps every command, in order, in envelopes within the limits, one unacknowledged at a time', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), bytes: fc.integer({ min: 1, max: 150 }) }),
      fc.record({ kind: fc.constantFrom('take', 'acknowledged', 'landed', 'failed') }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 30 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const clock = createEnvelopeClock<{ number: number; bytes: number }>(settings);
        let [now, added, unacknowledged] = [0, 0, false];
        const sent: number[] = [];
        const take = () => {
          const envelope = clock.take(now);
          if (envelope === undefined) return false;
          expect(unacknowledged).toBe(false);
          unacknowledged = true;
          const bytes = envelope.reduce((total, item) => total + item.bytes, 0);
          expect(envelope.length).toBeLessThanOrEqual(settings.commandsMax);
          if (envelope.length > 1) expect(bytes).toBeLessThanOrEqual(settings.bytesMax);
          sent.push(...envelope.map(({ number }) => number));
          return true;
        };
        for (const step of steps) {
          if (step.kind === 'add') clock.add({ number: added++, bytes: step.bytes }, step.bytes);
          else if (step.kind === 'pass') now += step.ms;
          else if (step.kind === 'take') take();
          else {
            if (step.kind === 'acknowledged') clock.acknowledged();
            else clock[step.kind](0);
            if (step.kind !== 'landed') unacknowledged = false;
          }
        }
        clock.hurry();
        do {
          clock.acknowledged();
          unacknowledged = false;
        } while (take());
        expect(sent).toEqual(Array.from({ length: added }, (_, number) => number));
        expect(clock.waiting()).toEqual({ commands: 0, bytes: 0 });
      }),
    );
  });
});
