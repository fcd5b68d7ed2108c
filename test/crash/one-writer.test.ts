import { withClient } from '@dialog/local/database';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import {
  createdId,
  etagOf,
  numberedActivity,
  numberedTransmission,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';
import { openStoredEvents } from '../constellation/stored-events.ts';

/** What a dialog is made of, and the record of its changes. */
const tables = [
  ...['dialog', 'dialog_transmission', 'dialog_activity', 'chosen_id', 'dialog_idempotent_key'],
  ...['operation', 'outbox', 'lane'],
];

let space: TestSpace;
let services: Constellation;
let ttd: ServiceOwner;
beforeAll(async () => {
  space = await openTestSpace();
  // Every table tells who wrote to it.
  await withClient(space.ownerDatabaseUrl, async (client) => {
    await client.query(`
      create table write_log (relation text, writer text, primary key (relation, writer));
      grant insert on write_log to dialog_app;
      create function log_writer() returns trigger language plpgsql as $$ begin
        insert into write_log values (tg_argv[0], current_setting('application_name')) on conflict do nothing;
        return null;
      end $$`);
    for (const table of tables) {
      await client.query(`
        create trigger log_writer after insert or update or delete or truncate on ${table}
          for each statement execute function log_writer('${table}')`);
    }
  });
  services = await openConstellation(space);
  await services.startAll();
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

it('rule 1, one writer: whatever a caller does, only the worker writes what a dialog is made of', async () => {
  const dialog = smallDialog({
    idempotentKey: 'one-writer',
    transmissions: [{ ...numberedTransmission(1), id: uuidv7() }],
    activities: [numberedActivity('a', 1)],
  });
  const created = await ttd.createDialog(dialog);
  const id = createdId(created);
  await ttd.createDialog(dialog);
  await ttd.patchDialog(id, [{ op: 'replace', path: '/progress', value: 50 }], { 'If-Match': etagOf(created) });
  await ttd.patchDialog(id, [{ op: 'replace', path: '/progress', value: 60 }], { 'If-Match': etagOf(created) });
  const path = `/api/v1/serviceowner/dialogs/${id}`;
  const { content } = smallDialog();
  expect((await ttd.send('PUT', `${path}?isSilentUpdate=true`, { content, status: 'InProgress' })).status).toBe(204);
  createdId(await ttd.createTransmission(id, numberedTransmission(2)));
  const accepted = await ttd.createActivity(id, numberedActivity('a', 2), respondAsync);
  await ttd.ended(accepted);
  for (const read of [path, `${path}/transmissions`, `${path}/activities`, accepted.headers.get('location') ?? '']) {
    expect((await ttd.send('GET', read)).status).toBe(200);
  }
  // The relay has been at work too: created with two children, patched, transmission, activity; for two audiences.
  const events = await openStoredEvents(space);
  await expect.poll(() => events.count(), { timeout: 20_000 }).toBe(2 * (3 + 1 + 2 + 2));
  await events.close();

  const writers = await withClient(space.ownerDatabaseUrl, async (client) => {
    const { rows } = await client.query('select relation, writer from write_log');
    return rows.map(({ relation, writer }) => `${relation} ${writer}`).toSorted();
  });
  expect(writers).toEqual(tables.map((table) => `${table} dialog-worker`).toSorted());

  // Each change, and each refusal, is a command of its own.
  const operations = await services.db
    .selectFrom('operation')
    .select(['status', 'revision'])
    .where('dialog_id', '=', id)
    .orderBy('ended_at')
    .execute();
  const applied = operations.filter(({ status }) => status === 'Applied');
  expect(applied).toHaveLength(5);
  expect(operations).toHaveLength(6);
  expect(new Set(applied.map(({ revision }) => revision)).size).toBe(5);
  expect(etagOf(await ttd.getDialog(id))).toBe(operations.at(-1)?.revision);
});
