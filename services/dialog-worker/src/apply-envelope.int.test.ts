import type { Database } from '@dialog/database/open';
import * as activities from '@dialog/database/tables/activities';
import * as deadLetters from '@dialog/database/tables/dead-letters';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as lanes from '@dialog/database/tables/lanes';
import * as operations from '@dialog/database/tables/operations';
import * as outbox from '@dialog/database/tables/outbox';
import * as transmissions from '@dialog/database/tables/transmissions';
import * as examples from '@dialog/domain/testing/examples';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { applyCommands } from './apply-commands.ts';
import { applyEnvelope } from './apply-envelope.ts';
import { openWorkerFixture, type WorkerFixture } from './testing/worker-fixture.ts';

let fixture: WorkerFixture;
let db: Database;
beforeAll(async () => {
  fixture = await openWorkerFixture();
  db = fixture.db;
});
afterAll(() => fixture.close());

const on: WorkerFixture['on'] = (dialogId, command) => fixture.on(dialogId, command);
const apply: WorkerFixture['apply'] = (lane, ...commands) => fixture.apply(lane, ...commands);

describe('an envelope', () => {
  it('is decided in order, each command on what the one before it left', async () => {
    const dialogId = uuidv7();
    const transmissionId = uuidv7();
    const ended = await apply(
      0,
      on(dialogId, examples.createDialog({ progress: 1 })),
      on(dialogId, examples.createTransmission({ id: transmissionId })),
      on(dialogId, examples.createActivity({ type: 'TransmissionOpened', transmissionId })),
      on(dialogId, examples.patchDialog([{ op: 'replace', path: '/progress', value: 50 }])),
      on(dialogId, examples.createTransmission({ id: transmissionId })),
    );
    expect(ended.map(({ status }) => status)).toEqual(['Applied', 'Applied', 'Applied', 'Applied', 'Rejected']);
    expect(ended[4]?.problem).toMatchObject({ status: 422, errors: { DialogTransmission: expect.any(Array) } });

    const dialog = (await dialogs.find(db, [dialogId])).get(dialogId);
    expect(dialog).toMatchObject({
      progress: 50,
      unopenedTransmissionsCount: 0,
      fromServiceOwnerTransmissionsCount: 1,
    });
    expect(dialog?.revision).toBe(ended[3]?.revision);
    expect(await transmissions.list(db, dialogId)).toMatchObject([{ id: transmissionId, opened: true }]);
    expect(await activities.list(db, dialogId)).toHaveLength(1);
  });

  it('reads back what it wrote, to the microsecond', async () => {
    const dialogId = uuidv7();
    const value = examples.content('Tittel med "anførsel", æøå og 🙂');
    const [ended] = await apply(0, on(dialogId, examples.createDialog({ content: value, searchTags: ['a,b', '"c"'] })));
    const dialog = (await dialogs.find(db, [dialogId])).get(dialogId);
    expect(dialog).toMatchObject({ content: value, searchTags: ['a,b', '"c"'], createdAt: ended?.endedAt });
  });

  it('changes nothing when it comes a second time', async () => {
    const dialogId = uuidv7();
    const commands = [on(dialogId, examples.createDialog()), on(dialogId, examples.createTransmission())];
    const first = await apply(1, ...commands);
    const rows = await outbox.after(db, 1, 0, 1_000);
    expect(await apply(1, ...commands)).toEqual(first);
    expect(await outbox.after(db, 1, 0, 1_000)).toEqual(rows);
    expect(await transmissions.list(db, dialogId)).toHaveLength(1);
  });

  it('is applied once by two workers that both believe it is theirs', async () => {
    const dialogId = uuidv7();
    const commands = [on(dialogId, examples.createDialog()), on(dialogId, examples.createTransmission())];
    const both = await Promise.all([apply(2, ...commands), apply(2, ...commands)]);
    expect(both[0]).toEqual(both[1]);
    expect(await transmissions.list(db, dialogId)).toHaveLength(1);
  });

  it('numbers the outbox of a lane without gaps, whatever is rejected or silent', async () => {
    const dialogId = uuidv7();
    await apply(3, on(dialogId, examples.createDialog()), on(dialogId, examples.createDialog({ id: dialogId })));
    await apply(3, on(dialogId, examples.createActivity({}, { silent: true })));
    await apply(3, on(dialogId, examples.createActivity()), on(dialogId, examples.createActivity()));
    const rows = await outbox.after(db, 3, 0, 1_000);
    expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });
});

describe('a poison command', () => {
  /** Postgres has no jsonb form for NUL; the gateway refuses it, so such a payload can only come past it. */
  const poison = { externalReference: 'a\u0000b' };

  it('ends as Failed with a dead letter, and harms none of the others', async () => {
    const [first, second] = [uuidv7(), uuidv7()];
    const bad = on(second, examples.createDialog(poison));
    const ended = await apply(
      4,
      on(first, examples.createDialog()),
      bad,
      on(first, examples.createTransmission()),
      on(second, examples.createTransmission()),
    );
    expect(ended.map(({ status }) => status)).toEqual(['Applied', 'Failed', 'Applied', 'Rejected']);
    expect(ended[1]?.problem).toMatchObject({ status: 500 });
    expect(await deadLetters.find(db, bad.id)).toMatchObject({
      lane: 4,
      command: JSON.stringify(bad),
      replayedAs: null,
    });
    expect((await operations.find(db, [bad.id])).get(bad.id)).toMatchObject({ status: 'Failed', org: 'ttd' });
  });

  it('is not tried again when its envelope comes a second time', async () => {
    const bad = on(uuidv7(), examples.createDialog(poison));
    const [first] = await apply(4, bad);
    expect(await apply(4, bad)).toEqual([first]);
  });

  it('may also be one that decide cannot take', async () => {
    const dialogId = uuidv7();
    const broken = on(dialogId, examples.createTransmission());
    // As an older gateway might have sent it.
    Reflect.deleteProperty(broken.payload, 'attachments');
    const ended = await apply(
      4,
      on(dialogId, examples.createDialog()),
      broken,
      on(dialogId, examples.createActivity()),
    );
    expect(ended.map(({ status }) => status)).toEqual(['Applied', 'Failed', 'Applied']);
  });
});

describe('what lanes cannot order', () => {
  it('gives one of two dialogs on two lanes the idempotent key, and the other 409', async () => {
    const idempotentKey = `race-${uuidv7().slice(-12)}`;
    const both = await Promise.all(
      [5, 6].map((lane) => apply(lane, on(uuidv7(), examples.createDialog({ idempotentKey })))),
    );
    const ended = both.flat();
    expect(ended.map(({ status }) => status).sort()).toEqual(['Applied', 'Rejected']);
    expect(ended.find(({ status }) => status === 'Rejected')?.problem).toMatchObject({
      status: 409,
      errors: {
        IdempotentKey: [expect.stringContaining(ended.find(({ status }) => status === 'Applied')?.dialogId ?? '?')],
      },
    });
  });

  it('gives one of two dialogs on two lanes a chosen id, and the other 422', async () => {
    const chosen = examples.activityBody({ id: uuidv7() });
    const both = await Promise.all(
      [5, 6].map((lane) => apply(lane, on(uuidv7(), examples.createDialog({ activities: [chosen] })))),
    );
    const statuses = both.flat().map(({ status, problem }) => problem?.status ?? status);
    expect(statuses.sort()).toEqual([422, 'Applied'].sort());
  });
});

it.each([
  ['waited on its lane through a long outage', -90],
  ['comes from somebody whose clock is wrong', 200],
])('is applied although no partition is there for its day, when it %s', async (_, days) => {
  const dialogId = uuidv7();
  const command = on(dialogId, examples.createDialog({}));
  const ms = Date.now() + days * 24 * 60 * 60 * 1_000;
  const hex = ms.toString(16).padStart(12, '0');
  const stray = { ...command, id: `${hex.slice(0, 8)}-${hex.slice(8)}${command.id.slice(13)}` };
  // The lane tries again what was not applied for a fault that is not the command's.
  await expect(apply(0, stray)).rejects.toThrow('no partition');
  expect(await apply(0, stray)).toMatchObject([{ status: 'Applied' }]);
  expect((await operations.find(db, [stray.id])).size).toBe(1);
});

it('reads no children to add one: the work does not grow with the dialog', async () => {
  const dialogId = uuidv7();
  await apply(7, on(dialogId, examples.createDialog()));
  const many = () => Array.from({ length: 250 }, () => on(dialogId, examples.createTransmission()));
  for (let batch = 0; batch < 4; batch += 1) await apply(7, ...many());

  const statements: string[] = [];
  const watched = fixture.open('watched');
  try {
    const spied = watched.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        statements.push(String(result.rows.length));
        return result;
      },
    });
    await applyCommands({ ...fixture.deps, db: spied }, { lane: 7, laneCount: 8 }, [
      on(dialogId, examples.createTransmission()),
    ]);
  } finally {
    await watched.destroy();
  }
  // Of a thousand siblings none is read: the statements return the lane, and the dialog.
  expect(statements.map(Number).reduce((sum, rows) => sum + rows, 0)).toBeLessThanOrEqual(2);
});

it('leaves nothing behind when its connection breaks in the middle', async () => {
  const dialogId = uuidv7();
  const doomed = fixture.open('doomed');
  try {
    await db.transaction().execute(async (trx) => {
      await lanes.lock(trx, 0);
      const applying = applyEnvelope(
        { ...fixture.deps, db: doomed },
        fixture.envelopeOf(0, [on(dialogId, examples.createDialog())]),
      );
      const failure = expect(applying).rejects.toThrow();
      await vi.waitUntil(async () => (await terminate('doomed')) > 0);
      await failure;
    });
  } finally {
    await doomed.destroy();
  }
  expect((await dialogs.find(db, [dialogId])).size).toBe(0);
});

/** Ends the connections of an application that wait for a lock, and tells how many. */
async function terminate(applicationName: string): Promise<number> {
  const { rows } = await sql<{ pid: number }>`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = ${applicationName} and wait_event_type = 'Lock'
  `.execute(db);
  return rows.length;
}
