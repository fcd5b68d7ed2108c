import type { Command, CommandOf } from '@dialog/contracts/commands';
import type { Database } from '@dialog/database/open';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as partyResources from '@dialog/database/tables/party-resources';
import * as examples from '@dialog/domain/testing/examples';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openWorkerFixture, type WorkerFixture } from './testing/worker-fixture.ts';

let fixture: WorkerFixture;
let db: Database;

beforeAll(async () => {
  fixture = await openWorkerFixture();
  db = fixture.db;
});
afterAll(() => fixture.close());
beforeEach(async () => {
  await Promise.all([db.deleteFrom('party_resource').execute(), db.deleteFrom('dialog').execute()]);
});

async function apply(lane: number, commands: readonly Command[]): Promise<void> {
  const own = commands.map((command) => fixture.on(command.dialogId, command));
  const operations = await fixture.apply(lane, ...own);
  expect(operations.map(({ status }) => status)).toEqual(commands.map(() => 'Applied'));
}

const party = (name: string) => `urn:altinn:person:idporten-email:${name}@example.com`;
const service = (name: string) => `urn:altinn:resource:${name}`;

function creation(who: string, what: string): CommandOf<'CreateDialog'> {
  const body = { party: party(who), serviceResource: service(what) };
  return examples.createDialog(body, { dialogId: uuidv7() });
}

const purge = ({ dialogId }: Command) => examples.purgeDialog({ dialogId });

async function pairs(): Promise<string[]> {
  const rows = await db.selectFrom('party_resource').selectAll().execute();
  return rows.map((row) => `${/:(\w+)@/.exec(row.party)?.[1]} ${row.service_resource.split(':').at(-1)}`).sort();
}

it('has each service of a party once, however many dialogs there are', async () => {
  await apply(0, [creation('kari', 'permit'), creation('kari', 'permit'), creation('ola', 'permit')]);
  await apply(1, [creation('kari', 'permit'), creation('kari', 'report')]);
  expect(await pairs()).toEqual(['kari permit', 'kari report', 'ola permit']);
});

it('knows every service that there is a dialog of', async () => {
  expect(await partyResources.distinctResources(db)).toEqual([]);
  await apply(
    0,
    ['kari', 'ola', 'per'].flatMap((who) => ['b', 'a', 'c'].map((what) => creation(who, what))),
  );
  expect(await partyResources.distinctResources(db)).toEqual(['a', 'b', 'c'].map(service));
});

it('writes nothing when a party has dialogs of the service already', async () => {
  await apply(0, [creation('kari', 'permit')]);
  const version = async () =>
    (await sql<{ row: string }>`select xmin || ' ' || xmax || ' ' || ctid as row from party_resource`.execute(db)).rows;
  const before = await version();
  await apply(0, [creation('kari', 'permit')]);
  expect(await version()).toEqual(before);
});

it('forgets a service with the last of its dialogs, and no sooner', async () => {
  const [first, second, other] = [creation('kari', 'permit'), creation('kari', 'permit'), creation('ola', 'permit')];
  await apply(0, [first, second, other]);
  await apply(0, [purge(first)]);
  expect(await pairs()).toEqual(['kari permit', 'ola permit']);
  await apply(0, [purge(second)]);
  expect(await pairs()).toEqual(['ola permit']);
});

it('keeps the service of a dialog that is purged and made anew at once', async () => {
  const first = creation('kari', 'permit');
  await apply(0, [first]);
  await apply(0, [purge(first), { ...creation('kari', 'permit'), dialogId: first.dialogId }]);
  expect(await pairs()).toEqual(['kari permit']);
});

it('forgets no service of which a dialog is just being created', async () => {
  const first = creation('kari', 'permit');
  await apply(0, [first]);
  const pair = { party: party('kari'), serviceResource: service('permit') };
  const found = Promise.withResolvers<void>();
  const purged = Promise.withResolvers<void>();
  // Another lane, which has found the pair and so will not write it, and whose dialog nobody sees yet.
  const creating = db.transaction().execute(async (trx) => {
    expect(await partyResources.findKnown(trx, [pair])).toEqual([pair]);
    const example = (await dialogs.find(trx, [first.dialogId])).get(first.dialogId);
    if (example === undefined) throw new Error('The first dialog is not there.');
    await dialogs.insert(trx, [{ ...example, id: uuidv7() }]);
    found.resolve();
    await purged.promise;
  });
  await found.promise;
  const purging = apply(0, [purge(first)]);
  await expect.poll(waitingForPairs, { timeout: 5_000, interval: 5 }).toBe(1);
  purged.resolve();
  await Promise.all([creating, purging]);
  expect(await pairs()).toEqual(['kari permit']);
});

async function waitingForPairs(): Promise<number> {
  const { rows } = await sql<{ waiting: number }>`
    select count(*) as waiting from pg_locks where relation = 'party_resource'::regclass and not granted
  `.execute(db);
  return rows[0]?.waiting ?? 0;
}

it('lets two lanes create dialogs of the same new services at once', async () => {
  const parties = Array.from({ length: 100 }, (_, index) => `p${index}`);
  const both = (order: readonly string[]) => order.map((who) => creation(who, 'permit'));
  await Promise.all([apply(2, both(parties)), apply(3, both(parties.toReversed())), apply(4, both(parties))]);
  expect(await pairs()).toHaveLength(100);
});

it('tells what parties have dialogs of, those with the same together', async () => {
  const all = ['a', 'b', 'c'].map(service);
  expect(await partyResources.findInUse(db, [party('kari')], all)).toEqual([]);
  await apply(0, [creation('kari', 'b'), creation('kari', 'a'), creation('ola', 'a'), creation('ola', 'b')]);
  await apply(0, [creation('per', 'c'), creation('per', 'd'), creation('anne', 'a'), creation('eva', 'd')]);
  const names = ['kari', 'ola', 'per', 'nobody', 'kari', 'eva'];
  const found = await partyResources.findInUse(db, names.map(party), all);
  expect(found.map((one) => ({ ...one, parties: one.parties.sort() }))).toEqual(
    expect.arrayContaining([
      { parties: ['kari', 'ola'].map(party), resources: ['a', 'b'].map(service) },
      { parties: [party('per')], resources: [service('c')] },
    ]),
  );
  expect(found).toHaveLength(2);
  expect(await partyResources.findInUse(db, [party('kari')], [])).toEqual([]);
});

it('gets what an older worker has left out', async () => {
  const names = Array.from({ length: 30 }, (_, number) => `p${number}`);
  await apply(
    0,
    names.flatMap((who) => ['a', 'b', 'a'].map((what) => creation(who, what))),
  );
  const all = await pairs();
  expect(await partyResources.addMissing(db)).toBe(0);
  await db.deleteFrom('party_resource').where('party', 'in', names.slice(10).map(party)).execute();
  await db.deleteFrom('party_resource').where('service_resource', '=', service('a')).execute();
  expect(await partyResources.addMissing(db)).toBe(50);
  expect(await pairs()).toEqual(all);
});

it('gets it from one worker at a time', async () => {
  await apply(0, [creation('kari', 'a')]);
  await db.deleteFrom('party_resource').execute();
  const [written, stop] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  // A lane that has just written the pair holds off the first worker, not the second.
  const creating = db
    .transaction()
    .execute(async (trx) => {
      await partyResources.insert(trx, [{ party: party('kari'), serviceResource: service('a') }]);
      written.resolve();
      await stop.promise;
      throw new Error('rolled back');
    })
    .catch((err: unknown) => err);
  await written.promise;
  const adding = partyResources.addMissing(db);
  await expect.poll(waitingForRows, { timeout: 5_000, interval: 5 }).toBe(1);
  expect(await partyResources.addMissing(db)).toBe(0);
  stop.resolve();
  await creating;
  expect(await adding).toBe(1);
  expect(await pairs()).toEqual(['kari a']);
});

async function waitingForRows(): Promise<number> {
  const { rows } = await sql<{ waiting: number }>`
    select count(*) as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%with recursive pair%'
  `.execute(db);
  return rows[0]?.waiting ?? 0;
}
