import type { Bypass } from '@dialog/database/tables/outbox-bypasses';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bypassAfter, bypassFrom, isNoting, isOfBacklog, mayMeet, nextToNote } from './bypass.ts';

const settings = { batchRowsMax: 3, bypassRowsMin: 5, noteRowsMax: 4 };

type TurnName = 'batch' | 'ahead';
/** A turn that has published and not committed yet. `holdsBypass`: the other one cannot have the bypass meanwhile. */
type OpenTurn = { commit: () => void; holdsBypass: boolean };

/** A lane as it is in Postgres, with both its turns and the stream. */
function openLane() {
  /** The dialog of each row, the first with number 1. */
  const outbox: string[] = [];
  let cursor = 0;
  let bypass: Bypass | undefined;
  let noted = new Map<string, number>();
  const stream = openStream();
  const underWay = new Map<TurnName, OpenTurn>();

  function rowsAfter(seq: number, upTo = outbox.length) {
    const rows = outbox.slice(seq, Math.min(upTo, seq + settings.batchRowsMax));
    return rows.map((dialog, index) => ({ seq: seq + index + 1, sinceSeq: noted.get(dialog) ?? null }));
  }

  /** As relayBatch. */
  function batch(): OpenTurn | undefined {
    if (bypass === undefined) {
      const opened = bypassFrom(cursor, outbox.length, settings);
      if (opened !== undefined) {
        return {
          holdsBypass: false,
          commit: () => {
            bypass = opened;
          },
        };
      }
      const rows = rowsAfter(cursor);
      const published = stream.publish('batch', rows);
      return {
        holdsBypass: false,
        commit: () => {
          cursor += rows.length;
          published.commit();
        },
      };
    }
    const found = bypass;
    const mayBeLast = mayMeet(cursor, found, settings);
    if (isNoting(found) || (mayBeLast && underWay.get('ahead')?.holdsBypass === true)) return undefined;
    const rows = rowsAfter(cursor, found.aheadSeq);
    const published = stream.publish('batch', rows.filter(isOfBacklog));
    return {
      holdsBypass: mayBeLast,
      commit: () => {
        published.commit();
        cursor += rows.length;
        if (!mayBeLast || cursor < found.aheadSeq) return;
        bypass = undefined;
        noted = new Map();
      },
    };
  }

  /** As relayAhead. */
  function ahead(): OpenTurn | undefined {
    const found = bypass;
    if (found === undefined || underWay.get('batch')?.holdsBypass === true) return undefined;
    if (isNoting(found)) {
      const upTo = nextToNote(found, settings);
      const dialogs = outbox.slice(found.notedSeq, upTo).filter((dialog) => !noted.has(dialog));
      return {
        holdsBypass: true,
        commit: () => {
          for (const dialog of dialogs) noted.set(dialog, found.notedSeq);
          bypass = { ...found, notedSeq: upTo };
        },
      };
    }
    const newest = outbox.length;
    const rows = rowsAfter(found.aheadSeq);
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    const published = stream.publish(
      'ahead',
      rows.filter((row) => !isOfBacklog(row)),
    );
    return {
      holdsBypass: true,
      commit: () => {
        published.commit();
        bypass = bypassAfter(last.seq, newest, settings);
      },
    };
  }

  function begin(turn: TurnName): void {
    if (underWay.has(turn)) return;
    const begun = turn === 'batch' ? batch() : ahead();
    if (begun !== undefined) underWay.set(turn, begun);
  }
  function commit(turn: TurnName): void {
    underWay.get(turn)?.commit();
    underWay.delete(turn);
  }
  /** The relay dies, or its connection does. */
  function lose(turn: TurnName): void {
    underWay.delete(turn);
  }
  function run(turn: TurnName, times = 1): void {
    for (let time = 0; time < times; time += 1) {
      begin(turn);
      commit(turn);
    }
  }

  return {
    ...{ begin, commit, lose, run, stored: stream.seqs },
    write: (dialogs: Iterable<string>) => void outbox.push(...dialogs),
    finish() {
      for (let turns = 0; cursor < outbox.length || bypass !== undefined; turns += 1) {
        if (turns > 1_000) throw new Error('It does not come to an end.');
        run('ahead');
        run('batch');
      }
    },
    isBypassed: () => bypass !== undefined,
    notedCount: () => noted.size,
    /** Rows of each dialog, as they are stored, and as they ought to be. */
    storedByDialog: () => Map.groupBy(stream.seqs, (seq) => outbox[seq - 1]),
    written: () =>
      Map.groupBy(
        Array.from(outbox, (_, index) => index + 1),
        (seq) => outbox[seq - 1],
      ),
    expectCursorBehindAhead: () => expect(bypass?.aheadSeq ?? cursor).toBeGreaterThanOrEqual(cursor),
  };
}

/**
 * JetStream drops what it has already, but not for ever: here it forgets what a turn has published when that turn has
 * published something else and committed it.
 */
function openStream() {
  const seqs: number[] = [];
  const rememberedFor = new Map<number, string>();
  const committed = { batch: 0, ahead: 0 };
  return {
    seqs,
    publish(turn: TurnName, rows: readonly { seq: number }[]) {
      const remembered = (['batch', 'ahead'] as const).map((name) => `${name} ${committed[name]}`);
      for (const { seq } of rows) {
        if (!remembered.includes(rememberedFor.get(seq) ?? '')) seqs.push(seq);
        rememberedFor.set(seq, `${turn} ${committed[turn]}`);
      }
      return {
        commit: () => {
          if (rows.length > 0) committed[turn] += 1;
        },
      };
    },
  };
}

it('lets dialogs without a backlog pass, and the others wait', () => {
  const lane = openLane();
  lane.write('abababab');
  lane.run('batch');
  expect(lane.isBypassed()).toBe(true);
  lane.write('xayb');
  lane.run('ahead', 4);
  expect(lane.stored).toEqual([9, 11]);
  lane.finish();
  expect(lane.stored).toEqual([9, 11, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12]);
  expect(lane.notedCount()).toBe(0);
});

it('opens no bypass for what is soon worked off', () => {
  const lane = openLane();
  lane.write('abcde');
  lane.run('batch');
  expect(lane.isBypassed()).toBe(false);
  expect(lane.stored).toEqual([1, 2, 3]);
});

it('has a second backlog join the first, and lets pass what comes after both', () => {
  const lane = openLane();
  lane.write('aaaaaaa');
  lane.run('batch');
  lane.write('b');
  lane.run('ahead', 3);
  // Dialog b was sent ahead, and now it has a backlog.
  lane.write('bcbcbcbcbcbc');
  lane.run('ahead', 4);
  lane.write('bd');
  lane.run('ahead', 4);
  expect(lane.stored).toEqual([8, 9, 10, 11, 22]);
  lane.finish();
  expect(lane.storedByDialog()).toEqual(lane.written());
});

const turn = fc.constantFrom<TurnName>('batch', 'ahead');
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ write: fc.array(fc.constantFrom(...'abcdefgh'), { maxLength: 12 }) }) },
  { weight: 4, arbitrary: fc.record({ run: turn }) },
  { weight: 3, arbitrary: fc.record({ begin: turn }) },
  { weight: 2, arbitrary: fc.record({ commit: turn }) },
  { weight: 2, arbitrary: fc.record({ lose: turn }) },
);

it('publishes each change once and in the order of its dialog, however turns overlap and relays die', () => {
  let steps = 0;
  let bypassed = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (history) => {
      const lane = openLane();
      for (const one of history) {
        if ('write' in one) lane.write(one.write);
        else if ('run' in one) lane.run(one.run);
        else if ('begin' in one) lane.begin(one.begin);
        else if ('commit' in one) lane.commit(one.commit);
        else lane.lose(one.lose);
        lane.expectCursorBehindAhead();
        steps += 1;
        if (lane.isBypassed()) bypassed += 1;
      }
      lane.lose('batch');
      lane.lose('ahead');
      lane.finish();
      expect(lane.storedByDialog()).toEqual(lane.written());
    }),
    { numRuns: 1_000 },
  );
  expect(bypassed / steps).toBeGreaterThan(0.3);
});
