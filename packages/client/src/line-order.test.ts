import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineOrder, type Placed } from './line-order.ts';

type Line = { number: number; dialog: string | undefined };

function takeAll(order: ReturnType<typeof createLineOrder<Line>>, upload: object): number[] {
  const taken: number[] = [];
  for (let placed = order.take(upload); placed !== undefined; placed = order.take(upload))
    taken.push(placed.line.number);
  return taken;
}

function ordered(perDialogMax: number, dialogs: readonly (string | undefined)[]) {
  const order = createLineOrder<Line>(perDialogMax);
  const placed = dialogs.map((dialog, number) => order.add({ number, dialog }, dialog));
  return { order, at: (index: number) => placed[index] ?? expect.unreachable() };
}

describe('the order of lines', () => {
  it('lets lines of different dialogs, and of none, leave together', () => {
    const { order } = ordered(1, ['a', undefined, 'b', undefined]);
    expect(takeAll(order, {})).toEqual([0, 1, 2, 3]);
  });

  it('keeps a line until the one before it in its dialog has ended, wherever it is then sent', () => {
    const { order, at } = ordered(1, ['a', 'a', 'b']);
    expect(takeAll(order, {})).toEqual([0, 2]);
    order.end(at(0));
    expect(takeAll(order, {})).toEqual([1]);
  });

  it('lets so many lines of a dialog follow each other, on the same upload', () => {
    const { order, at } = ordered(2, ['a', 'a', 'a', 'a']);
    const [first, second] = [{}, {}];
    expect(order.take(first)?.line.number).toBe(0);
    expect(takeAll(order, second)).toEqual([]);
    expect(takeAll(order, first)).toEqual([1]);
    order.end(at(0));
    expect(takeAll(order, second)).toEqual([]);
    expect(takeAll(order, first)).toEqual([2]);
  });

  it('lets the rest of a dialog leave elsewhere when nothing of it is under way on an upload that takes no more', () => {
    const { order, at } = ordered(2, ['a', 'a', 'a']);
    const [first, second] = [{}, {}];
    expect(takeAll(order, first)).toEqual([0, 1]);
    order.close(first);
    order.end(at(0));
    expect(takeAll(order, first)).toEqual([]);
    expect(takeAll(order, second)).toEqual([]);
    order.end(at(1));
    expect(takeAll(order, second)).toEqual([2]);
  });

  it('sends what is put back before what is behind it, when that is allowed and nothing of the dialog is under way', () => {
    const { order, at } = ordered(3, ['a', 'a', 'a', 'a']);
    const upload = {};
    expect(takeAll(order, upload)).toEqual([0, 1, 2]);
    order.putBack(at(1))();
    order.end(at(0));
    expect(takeAll(order, upload)).toEqual([]);
    order.putBack(at(2))();
    expect(takeAll(order, upload)).toEqual([1, 2, 3]);

    const goOn = order.putBack(at(3));
    order.putBack(at(1))();
    order.end(at(2));
    expect(takeAll(order, upload)).toEqual([]);
    goOn();
    expect(takeAll(order, upload)).toEqual([1, 3]);
  });
});

/** A service that applies a line once, however often it comes, and uploads that break and arrive late. */
function createService(order: ReturnType<typeof createLineOrder<Line>>) {
  type Sent = { placed: Placed<Line>; outcome?: 'applied' | 'not now' };
  type Upload = { sent: Sent[]; broken: boolean };
  const applied: Line[] = [];
  const uploads: Upload[] = [{ sent: [], broken: false }];
  const resting: (() => void)[] = [];

  return {
    applied,
    open: () => uploads.push({ sent: [], broken: false }),
    take(upload: Upload) {
      const placed = upload.broken ? undefined : order.take(upload);
      if (placed !== undefined) upload.sent.push({ placed });
      return placed !== undefined;
    },
    /** The service gets to the next line that has reached it; of a broken upload too. */
    handle(upload: Upload, canApply: boolean) {
      const next = upload.sent.find(({ outcome }) => outcome === undefined);
      if (next === undefined) return false;
      next.outcome = canApply ? 'applied' : 'not now';
      if (canApply && !applied.includes(next.placed.line)) applied.push(next.placed.line);
      return true;
    },
    answer(upload: Upload, which: number) {
      const answered = upload.broken ? [] : upload.sent.filter(({ outcome }) => outcome !== undefined);
      const told = answered[which % answered.length];
      if (told === undefined) return false;
      upload.sent.splice(upload.sent.indexOf(told), 1);
      if (told.outcome === 'applied') order.end(told.placed);
      else resting.push(order.putBack(told.placed));
      return true;
    },
    break(upload: Upload) {
      if (upload.broken) return;
      upload.broken = true;
      order.close(upload);
      for (const { placed } of upload.sent) order.putBack(placed)();
    },
    close: (upload: Upload) => order.close(upload),
    goOn: (which: number) => resting.splice(which % Math.max(1, resting.length), 1)[0]?.(),
    some: (which: number) => uploads[which % uploads.length] ?? expect.unreachable(),
    /** Lets everything come to its end, with nothing failing any more. */
    finish() {
      this.open();
      const last = this.some(uploads.length - 1);
      for (const upload of uploads) if (upload !== last) this.break(upload);
      for (const goOn of resting.splice(0)) goOn();
      while (this.take(last) || this.handle(last, true) || this.answer(last, 0));
    },
  };
}

const step = fc.record({
  what: fc.constantFrom(
    'add',
    'take',
    'take',
    'take',
    'handle',
    'handle',
    'refuse',
    'answer',
    'answer',
    'break',
    'close',
    'open',
    'go on',
  ),
  which: fc.nat(1_000),
});

/** @returns the lines in the order in which they were applied */
function history(perDialogMax: number, steps: readonly { what: string; which: number }[]): Line[] {
  const order = createLineOrder<Line>(perDialogMax);
  const service = createService(order);
  let added = 0;
  for (const { what, which } of steps) {
    const upload = service.some(which);
    if (what === 'add') {
      for (let count = 0; count <= which % 5; count++) {
        const dialog = ['a', 'b', undefined][(which + count * count) % 3];
        order.add({ number: added, dialog }, dialog);
        added += 1;
      }
    } else if (what === 'take') service.take(upload);
    else if (what === 'handle') service.handle(upload, true);
    else if (what === 'refuse') service.handle(upload, false);
    else if (what === 'answer') service.answer(upload, which);
    else if (what === 'break') service.break(upload);
    else if (what === 'close') service.close(upload);
    else if (what === 'open') service.open();
    else service.goOn(which);
  }
  service.finish();
  expect(service.applied.map(({ number }) => number).sort((a, b) => a - b)).toEqual([...Array(added).keys()]);
  return service.applied;
}

function expectInOrder(applied: readonly Line[]): void {
  for (const name of ['a', 'b']) {
    const numbers = applied.filter(({ dialog }) => dialog === name).map(({ number }) => number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
}

describe('whatever fails and breaks, each line is applied once', () => {
  const steps = fc.array(step, { minLength: 20, maxLength: 200 });

  it('and in the order of its dialog, when one follows the other', () => {
    fc.assert(
      fc.property(steps, (all) => expectInOrder(history(1, all))),
      { numRuns: 300 },
    );
  });

  it('and in the order of its dialog also with more under way, as long as the service can take each', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 2, max: 5 }), (all, perDialogMax) => {
        expectInOrder(
          history(
            perDialogMax,
            all.filter(({ what }) => what !== 'refuse'),
          ),
        );
        history(perDialogMax, all);
      }),
      { numRuns: 300 },
    );
  });
});
