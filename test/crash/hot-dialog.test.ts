import { withClient } from '@dialog/local/database';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import {
  createdId,
  etagOf,
  numberedActivity,
  numberedTransmission,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

let space: TestSpace;
let services: Constellation;
let ttd: ServiceOwner;
let dialogId: string;
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  await Promise.all([services.startGateway(), services.startWorker(), services.startWorker()]);
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await services.close();
  await space.close();
});
beforeEach(async ({ onTestFailed }) => {
  onTestFailed(() => console.error(services.logs()));
  dialogId = createdId(await ttd.createDialog(smallDialog()));
});

const callers = Array.from({ length: 50 }, (_, caller) => caller);

describe('rule 6, revision: 50 callers and one dialog', () => {
  it('without If-Match all of them succeed, each with a revision of its own', async () => {
    const answers = await Promise.all(
      callers.map((caller) =>
        caller % 2 === 0
          ? ttd.createActivity(dialogId, numberedActivity(caller, 0))
          : ttd.createTransmission(dialogId, numberedTransmission(caller)),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(callers.map(() => 201));
    expect(new Set(answers.map(etagOf)).size).toBe(callers.length);
    const dialog = await ttd.getDialog(dialogId);
    expect(answers.map(etagOf)).toContain(etagOf(dialog));
    expect(dialog.body).toMatchObject({ fromServiceOwnerTransmissionsCount: 25, activities: { length: 25 } });
  });

  it('with the same If-Match one of them succeeds, and the others are told 412', async () => {
    const seen = { 'If-Match': etagOf(await ttd.getDialog(dialogId)) };
    const answers = await Promise.all(
      callers.map((caller) => ttd.patchDialog(dialogId, [{ op: 'replace', path: '/progress', value: caller }], seen)),
    );
    const winners = callers.filter((caller) => answers[caller]?.status === 204);
    expect(winners).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(callers.length - 1);
    expect((await ttd.getDialog(dialogId)).body).toMatchObject({ progress: winners[0] });
  });
});

describe('rule 7, a patch is resolved where the state is', () => {
  it('50 callers append to one list at the same time, and no entry is lost', async () => {
    const answers = await Promise.all(
      callers.map((caller) =>
        ttd.patchDialog(dialogId, [{ op: 'add', path: '/searchTags/-', value: { value: `tag-${caller + 10}` } }]),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(callers.map(() => 204));
    const tags = callers.map((caller) => ({ value: `tag-${caller + 10}` }));
    expect((await ttd.getDialog(dialogId)).body).toMatchObject({ searchTags: tags });
  });

  it('its result is held to the rules of PUT, at the state that it meets', async () => {
    const tag = { op: 'add', path: '/searchTags/-', value: { value: 'only-once' } };
    const both = await Promise.all([ttd.patchDialog(dialogId, [tag]), ttd.patchDialog(dialogId, [tag])]);
    // Each is right by itself; the second one meets the first one's tag.
    expect(both.map(({ status }) => status).toSorted()).toEqual([204, 400]);
    expect((await ttd.getDialog(dialogId)).body).toMatchObject({ searchTags: [{ value: 'only-once' }] });
  });
});

describe('rule 8, load only what the decision needs', () => {
  it('transmissions and activities more read none of the 20,000 that are there, but those that they name', async () => {
    const first = createdId(await ttd.createTransmission(dialogId, numberedTransmission(0)));
    createdId(await ttd.createActivity(dialogId, numberedActivity('a', 0)));
    await withClient(space.ownerDatabaseUrl, async (client) => {
      // A policy is asked for each row that the services' role reads; this one only counts.
      await client.query(`
        create sequence rows_read minvalue 0 start 0;
        create function count_row() returns boolean language plpgsql security definer as $$
          begin perform nextval('rows_read'); return true; end $$`);
      for (const table of ['dialog_transmission', 'dialog_activity']) {
        const given = await client.query(
          `select column_name as name from information_schema.columns where table_name = $1 and is_generated = 'NEVER'`,
          [table],
        );
        const columns = given.rows.map(({ name }) => String(name));
        await client.query(`
          insert into ${table} (${columns.join(', ')}) select ${columns.map((name) => `(copy).${name}`).join(', ')}
            from (select json_populate_record(row, json_build_object('id', gen_random_uuid())) as copy
              from ${table} as row, generate_series(1, 20000) where dialog_id = '${dialogId}') as copies;
          alter table ${table} enable row level security;
          create policy counted on ${table} using (count_row()) with check (true)`);
        await client.query(`analyze ${table}`);
      }
    });
    createdId(await ttd.createTransmission(dialogId, numberedTransmission(1)));
    createdId(await ttd.createActivity(dialogId, numberedActivity('a', 1)));
    expect(await rowsRead()).toBe(0);

    // A reply, and that somebody has opened it: the one that is answered is looked at, and counts its replies.
    const reply = { ...numberedTransmission(2), id: uuidv7(), relatedTransmissionId: first };
    createdId(await ttd.createTransmission(dialogId, reply));
    const opened = { ...numberedActivity('a', 2), id: uuidv7(), type: 'TransmissionOpened', transmissionId: reply.id };
    createdId(await ttd.createActivity(dialogId, opened));
    const named = await rowsRead();
    expect(named).toBeGreaterThan(0);
    expect(named).toBeLessThan(10);

    // The count counts: whoever reads the dialog reads all of it.
    expect((await ttd.getDialog(dialogId)).status).toBe(200);
    expect(await rowsRead()).toBe(named + 2 * 20_003);
  });

  async function rowsRead(): Promise<number> {
    return withClient(space.ownerDatabaseUrl, async (client) => {
      const { rows } = await client.query(
        'select (case when is_called then last_value + 1 else 0 end)::int as counted from rows_read',
      );
      return rows[0].counted;
    });
  }
});
