import type { Database } from '@dialog/database/open';
import * as examples from '@dialog/domain/testing/examples';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
const key = { idempotentKey: 'line-17' };

async function countOf(dialogId: string): Promise<number> {
  const query = db.selectFrom('dialog_transmission').select('id').where('dialog_id', '=', dialogId);
  return (await query.execute()).length;
}

it('applies a change under a key once, in one envelope and in the next, and tells how it ended', async () => {
  const dialogId = uuidv7();
  const first = on(dialogId, examples.createTransmission({}, key));
  const [, ended, again] = await apply(
    0,
    on(dialogId, examples.createDialog()),
    first,
    on(dialogId, examples.createTransmission({}, key)),
  );
  expect(ended).toMatchObject({ status: 'Applied' });
  expect(ended).not.toHaveProperty('repeated');
  const repeated = { status: 'Applied', repeated: true, revision: ended?.revision, createdId: first.transmissionId };
  expect(again).toMatchObject(repeated);
  await apply(0, on(dialogId, examples.patchDialog([{ op: 'replace', path: '/progress', value: 3 }])));
  expect(await apply(0, on(dialogId, examples.createTransmission({}, key)))).toMatchObject([repeated]);
  expect(await countOf(dialogId)).toBe(1);
});

it('tells the same when the envelope comes a second time', async () => {
  const dialogId = uuidv7();
  await apply(1, on(dialogId, examples.createDialog()), on(dialogId, examples.createTransmission({}, key)));
  const again = on(dialogId, examples.createTransmission({}, key));
  expect(await apply(1, again)).toEqual(await apply(1, again));
});

it('tells which dialog holds the key of a create, also when it has been deleted', async () => {
  const dialogId = uuidv7();
  const own = { idempotentKey: `case-${dialogId.slice(-12)}` };
  const create = (id: string) => on(id, examples.createDialog(own, own));
  const [created] = await apply(2, create(dialogId));
  const repeated = { status: 'Applied', repeated: true, dialogId };
  expect(await apply(3, create(uuidv7()))).toMatchObject([{ ...repeated, revision: created?.revision }]);
  const [deleted] = await apply(2, on(dialogId, examples.deleteDialog()));
  expect(await apply(4, create(uuidv7()))).toMatchObject([{ ...repeated, revision: deleted?.revision }]);
});

it('forgets the keys of a dialog with the dialog, and keeps those that come after', async () => {
  const dialogId = uuidv7();
  const add = () => on(dialogId, examples.createTransmission({}, key));
  await apply(5, on(dialogId, examples.createDialog()), add());
  const ended = await apply(5, on(dialogId, examples.purgeDialog()), on(dialogId, examples.createDialog()), add());
  expect(ended.map(({ status, repeated }) => [status, repeated])).toEqual(Array(3).fill(['Applied', undefined]));
  expect(await apply(5, add())).toMatchObject([{ repeated: true }]);
  await apply(5, on(dialogId, examples.purgeDialog()));
  expect(await db.selectFrom('applied_key').select('dialog_id').where('dialog_id', '=', dialogId).execute()).toEqual(
    [],
  );
});
