import type { Command } from '@dialog/contracts/commands';
import { dialogChange } from '@dialog/contracts/dialog-event';
import { timestampOf } from '@dialog/contracts/timestamp';
import { isUniqueViolation } from '@dialog/database/faults';
import type { Database } from '@dialog/database/open';
import * as activities from '@dialog/database/tables/activities';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as outbox from '@dialog/database/tables/outbox';
import * as transmissions from '@dialog/database/tables/transmissions';
import * as withheldEvents from '@dialog/database/tables/withheld-events';
import { hasUnopenedContent } from '@dialog/domain/dialog';
import * as examples from '@dialog/domain/testing/examples';
import { history, richDialog } from '@dialog/domain/testing/histories';
import fc from 'fast-check';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyCommands } from './apply-commands.ts';
import { applyEnvelope } from './apply-envelope.ts';
import { rowsOf, tablesOfDialogs } from './testing/stored-rows.ts';
import { openWorkerFixture, type WorkerFixture } from './testing/worker-fixture.ts';

const { at, activityBody, transmissionBody } = examples;
let fixture: WorkerFixture;
let db: Database;
beforeAll(async () => {
  fixture = await openWorkerFixture();
  db = fixture.db;
});
afterAll(() => fixture.close());

const on: WorkerFixture['on'] = (dialogId, command) => fixture.on(dialogId, command);

async function applied(lane: number, ...commands: Command[]): Promise<void> {
  const ended = await fixture.apply(lane, ...commands);
  expect(ended.map(({ status, problem }) => problem ?? status)).toEqual(commands.map(() => 'Applied'));
}

async function storedDialog(dialogId: string) {
  return (await dialogs.find(db, [dialogId])).get(dialogId);
}

/** A dialog whose every part has an id that the caller chose, and keys. */
function fullDialog() {
  const ids = { transmission: uuidv7(), activity: uuidv7(), attachment: uuidv7(), url: uuidv7(), action: uuidv7() };
  const urls = [{ id: ids.url, url: 'https://example.com/1.pdf', mediaType: null, consumerType: 'Gui' as const }];
  return examples.createDialog({
    idempotentKey: `key-${uuidv7().slice(-12)}`,
    systemLabel: 'Bin',
    attachments: [{ id: ids.attachment, displayName: null, name: null, expiresAt: null, urls }],
    apiActions: [{ id: ids.action, action: 'read', authorizationAttribute: null, name: null, endpoints: [] }],
    transmissions: [transmissionBody({ id: ids.transmission, idempotentKey: 'letter-1' })],
    activities: [activityBody({ id: ids.activity })],
  });
}

describe('a purged dialog', () => {
  it('has left nothing in any table but what tells of it', async () => {
    const dialogId = uuidv7();
    await applied(0, on(dialogId, fullDialog()));
    const before = await rowsOf(db, dialogId, { fillEmptyTables: true });
    const tables = await tablesOfDialogs(db);
    expect(tables).toEqual(expect.arrayContaining(['chosen_id', 'dialog', 'dialog_idempotent_key', 'dialog_seen_log']));
    for (const table of tables) expect(before[table]?.length, table).toBeGreaterThan(0);

    await applied(0, on(dialogId, examples.purgeDialog()));
    // Events that are on their way arrive nevertheless.
    const {
      operation,
      outbox_held_back: onTheirWay,
      outbox_bypass_dialog: noted,
      ...after
    } = await rowsOf(db, dialogId);
    expect([onTheirWay, noted]).toEqual([[expect.anything()], [expect.anything()]]);
    expect(operation).toHaveLength(2);
    for (const [table, rows] of Object.entries(after)) expect(rows, table).toEqual([]);
  });

  it('has given its ids and its key back, to any other dialog', async () => {
    const full = fullDialog();
    const [first, second, third] = [uuidv7(), uuidv7(), uuidv7()];
    await applied(1, on(first, full));
    const [refused] = await fixture.apply(2, on(second, full));
    expect(refused?.problem?.status).toBe(409);
    await applied(1, on(first, examples.purgeDialog()));
    await applied(2, on(third, full));
  });

  it('can be made anew in the very envelope that purges it, once and again', async () => {
    const dialogId = uuidv7();
    const full = fullDialog();
    const purge = examples.purgeDialog();
    await applied(3, on(dialogId, full), on(dialogId, purge), on(dialogId, full));
    const once = await rowsOf(db, dialogId);
    expect(once.dialog_transmission).toHaveLength(1);
    expect(once.chosen_id).toHaveLength(5);

    // Now of one that is there already.
    const [transmissionId = ''] = full.payload.transmissions.map(({ id }) => id ?? '');
    const other = examples.createDialog({ id: dialogId, idempotentKey: full.payload.idempotentKey });
    await applied(
      3,
      on(dialogId, examples.updateTransmission(transmissionId, { type: 'Alert' })),
      on(dialogId, purge),
      on(dialogId, other),
      on(dialogId, examples.createTransmission({ id: transmissionId, idempotentKey: 'letter-1' })),
    );
    const rows = await rowsOf(db, dialogId);
    expect(rows.dialog_transmission).toMatchObject([{ id: transmissionId, type: 'Information' }]);
    expect(rows.chosen_id).toEqual([{ id: transmissionId, dialog_id: dialogId }]);
    expect(rows.dialog_activity).toEqual([]);
  });

  it('may have had twenty thousand transmissions', async () => {
    const [dialogId, transmissionId] = [uuidv7(), uuidv7()];
    const first = transmissionBody({ id: transmissionId });
    await applied(4, on(dialogId, examples.createDialog({ transmissions: [first] })));
    await multiply(dialogId, 20_000);
    const started = performance.now();
    await applied(4, on(dialogId, examples.purgeDialog()));
    // Far below the time that a statement may take; about 0.2 s on two cores.
    expect(performance.now() - started).toBeLessThan(5_000);
    expect((await rowsOf(db, dialogId)).dialog_transmission).toEqual([]);
  });
});

it('purges one by one what takes too long together', async () => {
  const dialogIds = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  await applied(5, ...dialogIds.map((dialogId) => on(dialogId, examples.createDialog())));
  const hurried = fixture.open('hurried', { statementTimeoutMs: 1_000 });
  const owner = fixture.openAsOwner();
  await sql`
    create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return old; end $$;
    create trigger dawdle before delete on dialog for each row execute function dawdle();
  `.execute(owner);
  try {
    const purges = dialogIds.map((dialogId) => on(dialogId, examples.purgeDialog()));
    const { operations } = await applyEnvelope({ ...fixture.deps, db: hurried }, fixture.envelopeOf(5, purges));
    expect(operations.map(({ status }) => status)).toEqual(purges.map(() => 'Applied'));
  } finally {
    await sql`drop function dawdle cascade`.execute(owner);
    await Promise.all([hurried.destroy(), owner.destroy()]);
  }
  expect((await dialogs.find(db, dialogIds)).size).toBe(0);
});

describe('a corrected transmission', () => {
  it('is stored whole, and the dialog with its new revision', async () => {
    const [dialogId, id] = [uuidv7(), uuidv7()];
    const contentless = transmissionBody({ id, content: null, idempotentKey: 'letter-1' });
    await applied(0, on(dialogId, examples.createDialog({ isApiOnly: true, transmissions: [contentless] })));
    const before = await transmissions.find(db, dialogId, id);
    const { id: _, ...body } = transmissionBody({
      ...{ type: 'Submission', externalReference: 'ref', idempotentKey: 'letter-2', extendedType: 'urn:x' },
      ...{ authorizationAttribute: 'urn:altinn:subresource:x', createdAt: at('10:00') },
    });
    const correction = on(dialogId, examples.updateTransmission(id, body));
    const [ended] = await fixture.apply(0, correction);
    expect(await transmissions.find(db, dialogId, id)).toEqual({ ...before, ...body });
    const dialog = await storedDialog(dialogId);
    expect(dialog).toMatchObject({ revision: ended?.revision, contentlessTransmissionsCount: 0 });
    // It was from the service owner, and unopened: what the dialog told stays told.
    expect(dialog).toMatchObject({ unopenedTransmissionsCount: 0, unopenedContentOverride: true });
    expect(dialog === undefined ? undefined : hasUnopenedContent(dialog)).toBe(true);
  });

  it('takes its place in a hierarchy that is stored, with what answers it', async () => {
    const dialogId = uuidv7();
    const [a = '', b = '', c = '', d = '', e = ''] = Array.from({ length: 5 }, () => uuidv7());
    const related = (id: string, relatedTransmissionId: string | null) =>
      transmissionBody({ id, relatedTransmissionId });
    // a ← b ← c ← d, and e.
    const tree = [related(a, null), related(b, a), related(c, b), related(d, c), related(e, null)];
    await applied(1, on(dialogId, examples.createDialog({ transmissions: tree })));
    const relate = (id: string, to: string | null) =>
      on(dialogId, examples.updateTransmission(id, { relatedTransmissionId: to }));
    const places = async () => {
      const all = await transmissions.list(db, dialogId);
      return Object.fromEntries(all.map(({ id, depth, repliesCount }) => [id, [depth, repliesCount]]));
    };

    await applied(1, relate(b, e));
    expect(await places()).toEqual({ [a]: [1, 0], [e]: [1, 1], [b]: [2, 1], [c]: [3, 1], [d]: [4, 0] });
    const [cycle] = await fixture.apply(1, relate(e, d));
    expect(cycle?.problem).toMatchObject({ status: 422, errors: { Transmissions: [expect.any(String)] } });
    // A leaf brings its parents along only.
    await applied(1, relate(d, a));
    expect(await places()).toEqual({ [a]: [1, 1], [e]: [1, 1], [b]: [2, 1], [c]: [3, 0], [d]: [2, 0] });
    await applied(1, relate(c, null), relate(b, c), relate(e, b));
    expect(await places()).toEqual({ [a]: [1, 1], [c]: [1, 1], [b]: [2, 1], [e]: [3, 0], [d]: [2, 0] });
  });

  it('hands its key on within an envelope, even in exchange', async () => {
    const dialogId = uuidv7();
    const [a, b] = [uuidv7(), uuidv7()];
    const keyed = [
      transmissionBody({ id: a, idempotentKey: 'key-a' }),
      transmissionBody({ id: b, idempotentKey: 'key-b' }),
    ];
    await applied(2, on(dialogId, examples.createDialog({ transmissions: keyed })));
    const rekey = (id: string, idempotentKey: string | null) =>
      on(dialogId, examples.updateTransmission(id, { idempotentKey }));
    await applied(2, rekey(a, null), rekey(b, 'key-a'), rekey(a, 'key-b'));
    await applied(2, rekey(a, 'key-c'), on(dialogId, examples.createTransmission({ idempotentKey: 'key-b' })));
    const keys = (await transmissions.list(db, dialogId)).map(({ idempotentKey }) => idempotentKey);
    expect(keys.sort()).toEqual(['key-a', 'key-b', 'key-c']);
  });

  it('is read with its parent, and with its siblings only if it moves what answers it', async () => {
    const dialogId = uuidv7();
    const [root, leaf] = [uuidv7(), uuidv7()];
    const pair = [transmissionBody({ id: root }), transmissionBody({ id: leaf, relatedTransmissionId: root })];
    await applied(5, on(dialogId, examples.createDialog({ transmissions: pair })));
    await multiply(dialogId, 1_000);
    const correct = (id: string, relatedTransmissionId: string | null) => ({ dialogId, id, relatedTransmissionId });
    const found = async (id: string, to: string | null) =>
      (await transmissions.findAffectedByMoves(db, [correct(id, to)])).length;
    expect(await found(root, null)).toBe(0);
    expect(await found(leaf, root)).toBe(0);
    expect(await found(leaf, null)).toBe(1);
    expect(await found(root, leaf)).toBeGreaterThan(1_000);
  });
});

it('moves a stored FormSaved activity', async () => {
  const [dialogId, id] = [uuidv7(), uuidv7()];
  await applied(0, on(dialogId, examples.createDialog({ activities: [activityBody({ id, type: 'FormSaved' })] })));
  await applied(0, on(dialogId, examples.moveFormSavedActivity(id, at('10:00'))));
  expect(await activities.find(db, dialogId, id)).toMatchObject({ type: 'FormSaved', createdAt: at('10:00') });
});

describe('a dialog that its party cannot see yet', () => {
  const minuteMs = 60_000;
  const fromNow = (minutes: number) => timestampOf(Date.now() + minutes * minuteMs);

  /** Applies commands as one envelope, each so many minutes from now; what the outbox gets, an entry for each row. */
  async function appliedAt(lane: number, ...steps: [minutes: number, command: Command][]) {
    const [{ seq = 0 } = {}] = await db.selectFrom('lane').select('outbox_seq as seq').where('id', '=', lane).execute();
    const times = steps.map(([minutes]) => fromNow(minutes));
    const now = () => times.shift() ?? fromNow(0);
    const commands = steps.map(([, command]) => command);
    const { operations } = await applyEnvelope({ ...fixture.deps, now }, fixture.envelopeOf(lane, commands));
    expect(operations.map(({ status }) => status)).toEqual(steps.map(() => 'Applied'));
    const rows = await outbox.after(db, lane, seq, 1_000);
    return rows.map(({ change }) => dialogChange.parse(JSON.parse(change)));
  }
  const withheldRows = async (dialogId: string) => (await rowsOf(db, dialogId)).withheld_event?.length;

  it('has its events stored until it can, and forgotten when they are told', async () => {
    const [dialogId, first, second] = [uuidv7(), uuidv7(), uuidv7()];
    const create = examples.createDialog({
      visibleFrom: fromNow(10),
      transmissions: [transmissionBody({ id: first })],
    });
    const [created] = await appliedAt(0, [0, on(dialogId, create)]);
    const silently = { silent: true };
    const [added] = await appliedAt(
      0,
      [1, on(dialogId, examples.createTransmission({}, silently))],
      [2, on(dialogId, examples.createTransmission({ id: second }))],
    );
    expect(await withheldRows(dialogId)).toBe(3);

    const before = await storedDialog(dialogId);
    const come = () => on(dialogId, examples.applyVisibility());
    expect(await appliedAt(0, [5, come()])).toEqual([]);
    const told = await appliedAt(0, [10, come()], [11, come()]);
    expect(told).toMatchObject([{ dialogId, revision: before?.revision, party: before?.party }]);
    const forOwner = [...(created?.events ?? []), ...(added?.events.slice(1) ?? [])];
    expect(forOwner.map(({ type }) => type)).toEqual([
      'DialogCreated',
      'DialogTransmissionCreated',
      'DialogTransmissionCreated',
    ]);
    expect(told[0]?.events).toEqual(forOwner.map((event) => ({ ...event, audiences: ['party'] })));
    expect(await withheldRows(dialogId)).toBe(0);
    expect(await storedDialog(dialogId)).toEqual({ ...before, withheldEventsCount: null, visibilityDueAt: null });
  });

  it('may come into sight in the envelope that makes it', async () => {
    const dialogId = uuidv7();
    const create = examples.createDialog({ visibleFrom: fromNow(10) });
    const changes = await appliedAt(
      1,
      [0, on(dialogId, create)],
      [5, on(dialogId, examples.createActivity())],
      [10, on(dialogId, examples.applyVisibility())],
      [11, on(dialogId, examples.createActivity())],
    );
    expect(changes.map(({ events }) => events.map(({ type, audiences }) => `${type} ${audiences.join()}`))).toEqual([
      ['DialogCreated owner'],
      ['DialogUpdated owner', 'DialogActivityCreated owner'],
      ['DialogCreated party', 'DialogActivityCreated party'],
      ['DialogUpdated owner,party', 'DialogActivityCreated owner,party'],
    ]);
    expect(await withheldRows(dialogId)).toBe(0);
  });

  it('may have twenty thousand transmissions, told in rows that a relay can take many of', async () => {
    const dialogId = uuidv7();
    await appliedAt(2, [0, on(dialogId, examples.createDialog({ visibleFrom: fromNow(10) }))]);
    const count = 20_000;
    await sql`
      insert into withheld_event (dialog_id, seq, event)
      select dialog_id, seq + number, event || jsonb_build_object('id', gen_random_uuid(),
        'type', 'DialogTransmissionCreated', 'transmissionId', gen_random_uuid(), 'senderType', 'ServiceOwner')
      from withheld_event, generate_series(1, ${count}::int) as number where dialog_id = ${dialogId}
    `.execute(db);
    await sql`update dialog set withheld_events_count = ${count + 1}::int where id = ${dialogId}`.execute(db);
    const ids = (await withheldEvents.find(db, [dialogId])).map(({ event }) => event.id);

    const started = performance.now();
    const changes = await appliedAt(2, [10, on(dialogId, examples.applyVisibility())]);
    // Far below the time that a statement may take; about a second on two busy cores.
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(changes.flatMap(({ events }) => events.map(({ id }) => id))).toEqual(ids);
    expect(changes).toHaveLength((count + 100) / 100);
    expect(await withheldRows(dialogId)).toBe(0);
  });
});

describe('any history', () => {
  /** The commands as they would come, beginning with a dialog. */
  const ready = (commands: readonly Command[], dialogId: string) => {
    const first = on(dialogId, richDialog());
    const others = commands.map((command) => on(dialogId, command));
    const seen = { contentUpdatedAt: first.receivedAt };
    return [first, ...others.map((command) => (command.kind === 'RecordVisit' ? { ...command, ...seen } : command))];
  };

  it('leaves the same behind in one envelope as in one for each command', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (commands) => {
        const all = ready(commands, examples.dialogId);
        const oneByOne = await replay(all, (command) => [command]);
        const together = await replay(all);
        if (together !== undefined) expect(together).toEqual(oneByOne);
      }),
      { numRuns: 15 },
    );
  });

  it('leaves the same behind when its envelope comes twice', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (commands) => {
        const all = ready(commands, examples.dialogId);
        const ended = await fixture.apply(6, ...all);
        const once = await rowsOf(db, examples.dialogId);
        expect(await fixture.apply(6, ...all)).toEqual(ended);
        expect(await rowsOf(db, examples.dialogId)).toEqual(once);
        await wipe();
      }),
      { numRuns: 5 },
    );
  });
});

/**
 * Applies commands with ids and times that depend on the commands alone, and returns what is then stored of the dialog.
 * Undefined if a batch has to be applied one by one after all, as its keys meet on the way.
 */
async function replay(commands: Command[], cut?: (command: Command) => Command[]): Promise<unknown> {
  let made = 0;
  const unique = () => `019d0000-0000-7000-8000-${String(made++).padStart(12, '0')}`;
  const [first] = commands;
  if (first === undefined) return undefined;
  const now = () => first.receivedAt;
  const { knownQuestions } = fixture.deps;
  const deps = { db, now, newId: unique, newRevision: unique, knownQuestions };
  try {
    const envelopes = cut === undefined ? [commands] : commands.map(cut);
    for (const envelope of envelopes) await applyCommands(deps, { lane: 6, laneCount: 8 }, envelope);
    return await rowsOf(db, examples.dialogId);
  } catch (error) {
    if (isUniqueViolation(error)) return undefined;
    throw error;
  } finally {
    await wipe();
  }
}

/** Takes the example dialog from the database, and forgets its commands. */
async function wipe(): Promise<void> {
  for (const table of await tablesOfDialogs(db)) {
    const column = table === 'dialog' ? 'id' : 'dialog_id';
    await sql`delete from ${sql.table(table)} where ${sql.ref(column)} = ${examples.dialogId}`.execute(db);
  }
}

/** Copies a dialog's first transmission, each copy with a chosen id and a key of its own. */
async function multiply(dialogId: string, count: number): Promise<void> {
  await sql`
    with example as (select * from dialog_transmission where dialog_id = ${dialogId} order by id limit 1),
    copied as (
      insert into dialog_transmission (
        dialog_id, id, created_at, type, idempotent_key, depth, replies_count, opened, sender, content, attachments,
        navigational_actions
      )
      select dialog_id, gen_random_uuid(), created_at, type, 'copy ' || number, 1, 0, opened, sender, content,
        attachments, navigational_actions
      from example, generate_series(1, ${count}::int) as number
      returning id, dialog_id
    )
    insert into chosen_id (id, dialog_id) select id, dialog_id from copied
  `.execute(db);
}
