import { randomUUID } from 'node:crypto';
import type { Command } from '@dialog/contracts/commands';
import type { Database } from '@dialog/database/open';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as lanes from '@dialog/database/tables/lanes';
import * as examples from '@dialog/domain/testing/examples';
import { laneOf } from '@dialog/lanes/lane';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWorkerFixture, type WorkerFixture } from './testing/worker-fixture.ts';

let fixture: WorkerFixture;
let db: Database;
let laneCount: number;

beforeAll(async () => {
  fixture = await openWorkerFixture();
  ({ db, laneCount } = fixture);
});
afterAll(() => fixture.close());

/** Applies an example command as one of its own, received now, on the lane of its dialog. */
async function apply(command: Command) {
  const { dialogId } = command;
  const [ended] = await fixture.apply(laneOf(dialogId, laneCount), fixture.on(dialogId, command));
  if (ended === undefined) throw new Error('The command did not end.');
  return ended;
}

/** A new dialog, on the lane if one is given. */
async function created(lane?: number): Promise<string> {
  let dialogId = uuidv7();
  while (lane !== undefined && laneOf(dialogId, laneCount) !== lane) dialogId = uuidv7();
  expect((await apply(examples.createDialog({}, { dialogId }))).status).toBe('Applied');
  return dialogId;
}

async function stored(...ids: string[]) {
  const found = await dialogs.find(db, ids);
  return ids.map((id) => found.get(id));
}

async function logged(dialogId: string) {
  return db
    .selectFrom('dialog_label_log')
    .select(['action', 'name', 'performed_by as performedBy', 'created_at as createdAt'])
    .where('dialog_id', '=', dialogId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

describe('the label log', () => {
  it('tells who put which label on a dialog and who took it off, the service owner where nobody asked', async () => {
    const dialogId = uuidv7();
    const fromParty = examples.transmissionBody({ type: 'Submission' });
    const byOrg = { performedBy: { actorType: 'ServiceOwner', actorId: null, actorName: null } };
    const byKari = { performedBy: examples.kari };
    const commands = [
      examples.createDialog({ systemLabel: 'Bin' }, { dialogId }),
      examples.createTransmission(fromParty, { dialogId }),
      examples.createTransmission(fromParty, { dialogId }),
      examples.setSystemLabels({ dialogId, addLabels: ['Archive', 'MarkedAsUnopened'] }),
      examples.createActivity({}, { dialogId }),
      examples.bulkSetSystemLabels([dialogId], { removeLabels: ['MarkedAsUnopened'] }),
      examples.setSystemLabels({ dialogId, addLabels: ['Default'] }),
    ];
    const times: (string | undefined)[] = [];
    for (const command of commands) {
      const ended = await apply(command);
      expect(ended.status).toBe('Applied');
      times.push(ended.endedAt);
    }
    expect(await logged(dialogId)).toEqual([
      { ...byOrg, action: 'set', name: 'systemlabel:Bin', createdAt: times[0] },
      { ...byOrg, action: 'set', name: 'systemlabel:Sent', createdAt: times[1] },
      { ...byOrg, action: 'remove', name: 'systemlabel:Bin', createdAt: times[1] },
      { ...byKari, action: 'set', name: 'systemlabel:Archive', createdAt: times[3] },
      { ...byKari, action: 'set', name: 'systemlabel:MarkedAsUnopened', createdAt: times[3] },
      { ...byOrg, action: 'remove', name: 'systemlabel:Archive', createdAt: times[4] },
      { ...byKari, action: 'remove', name: 'systemlabel:MarkedAsUnopened', createdAt: times[5] },
    ]);
  });

  it('has no line of what was refused', async () => {
    const [one, other] = [await created(), await created()];
    const before = await stored(one, other);
    const missing = examples.bulkSetSystemLabels([one, uuidv7(), other], { addLabels: ['Bin'] });
    expect(await apply(missing)).toMatchObject({ status: 'Rejected', problem: { status: 404 } });
    const outdated = { dialogId: other, endUserContextRevision: randomUUID() };
    const seen = examples.bulkSetSystemLabels([one, other], {
      ...{ addLabels: ['Bin'], dialogs: [{ dialogId: one, endUserContextRevision: null }, outdated] },
    });
    expect(await apply(seen)).toMatchObject({ status: 'Rejected', problem: { status: 412 } });
    expect(await stored(one, other)).toEqual(before);
    expect([...(await logged(one)), ...(await logged(other))]).toEqual([]);
  });
});

describe('a bulk command', () => {
  it('changes dialogs of all lanes', async () => {
    const ids = await Promise.all(Array.from({ length: laneCount }, (_, lane) => created(lane)));
    const ended = await apply(examples.bulkSetSystemLabels(ids, { addLabels: ['Archive'] }));
    const found = await stored(...ids);
    expect(found.map((dialog) => dialog?.systemLabels)).toEqual(ids.map(() => ['Archive']));
    expect(ended.revision).toBe(found[0]?.endUserContextRevision);
  });

  it('waits until nobody is at work on the other lanes, and sees what they have done', async () => {
    const [own, other] = [await created(1), await created(6)];
    const bulk = await db.transaction().execute(async (trx) => {
      await lanes.lock(trx, 6);
      const applying = apply(examples.bulkSetSystemLabels([own, other], { addLabels: ['Bin'] }));
      await vi.waitUntil(async () => (await waitingForLock()) > 0);
      await trx.updateTable('dialog').set({ progress: 77 }).where('id', '=', other).execute();
      return { applying };
    });
    expect((await bulk.applying).status).toBe('Applied');
    expect(await stored(other)).toMatchObject([{ progress: 77, systemLabels: ['Bin'] }]);
  });

  it('and another one that names the same dialogs from the other end both end', async () => {
    const ids = await Promise.all(Array.from({ length: 200 }, (_, number) => created(number % laneCount)));
    const backwards = ids.toReversed();
    for (let round = 0; round < 10; round += 1) {
      const both = await Promise.all([
        apply(examples.bulkSetSystemLabels(ids, { addLabels: ['Bin'] })),
        apply(examples.bulkSetSystemLabels(backwards, { addLabels: ['Archive'] })),
      ]);
      expect(both.map(({ status }) => status)).toEqual(['Applied', 'Applied']);
      const labels = (await stored(...ids)).map((dialog) => dialog?.systemLabels.join());
      expect(new Set(labels).size).toBe(1);
    }
  });

  it('loses nothing of what is done on other lanes meanwhile', async () => {
    const ids = await Promise.all(Array.from({ length: laneCount }, (_, lane) => created(lane)));
    const rounds = 10;
    for (let round = 0; round < rounds; round += 1) {
      const [first = '', ...rest] = [...ids.slice(round % laneCount), ...ids.slice(0, round % laneCount)];
      await Promise.all([
        apply(examples.bulkSetSystemLabels([first, ...rest], { addLabels: [round % 2 === 0 ? 'Bin' : 'Archive'] })),
        ...rest.map((dialogId) => apply(examples.createTransmission({}, { dialogId, silent: true }))),
      ]);
    }
    const counts = (await stored(...ids)).map((dialog) => dialog?.fromServiceOwnerTransmissionsCount ?? 0);
    const rows = await db.selectFrom('dialog_transmission').select('dialog_id').where('dialog_id', 'in', ids).execute();
    expect(counts).toEqual(ids.map((id) => rows.filter((row) => row.dialog_id === id).length));
    expect(rows).toHaveLength(rounds * (laneCount - 1));
    const label = rounds % 2 === 0 ? 'Archive' : 'Bin';
    expect(await stored(...ids)).toMatchObject(ids.map(() => ({ systemLabels: [label] })));
  });
});

async function waitingForLock(): Promise<number> {
  const { rows } = await sql`
    select pid from pg_stat_activity
    where application_name = 'test' and datname = current_database() and wait_event_type = 'Lock'
  `.execute(db);
  return rows.length;
}
