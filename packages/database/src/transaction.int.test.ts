import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { sqlStateOf } from './faults.ts';
import { type Database, openDatabase } from './open.ts';
import { inTransaction } from './transaction.ts';

let space: TestSpace;
let db: Database;

beforeAll(async () => {
  space = await openTestSpace();
  db = open(space.databaseUrl);
});
afterAll(async () => {
  await db.destroy();
  await space.close();
});
beforeEach(async () => {
  await db.deleteFrom('party_resource').execute();
});

function open(url: string): Database {
  return openDatabase(url, {
    ...{ applicationName: 'test', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000 },
  });
}

const insert = (trx: Database, party: string) =>
  trx.insertInto('party_resource').values({ party, service_resource: 'r' }).execute();

async function stored(): Promise<string[]> {
  const rows = await db.selectFrom('party_resource').select('party').orderBy('party').execute();
  return rows.map(({ party }) => party);
}

/** Asked more than once: a statement that still waits for its turn would come between two questions. */
async function expectNothingStored(): Promise<void> {
  for (let question = 0; question < 5; question += 1) expect(await stored()).toEqual([]);
}

describe('a transaction', () => {
  it('gives what the work gives, and is committed', async () => {
    const result = await inTransaction(db, async (trx) => {
      await Promise.all([insert(trx, 'a'), insert(trx, 'b')]);
      return trx.selectFrom('party_resource').select('party').orderBy('party').execute();
    });
    expect(result).toEqual([{ party: 'a' }, { party: 'b' }]);
    expect(await stored()).toEqual(['a', 'b']);
  });

  it('leaves nothing behind when one of many statements fails, and tells what failed', async () => {
    const twoInARow = async (trx: Database) => {
      await insert(trx, 'first of two');
      await insert(trx, 'second of two');
    };
    const failing = inTransaction(db, async (trx) => {
      await Promise.all([
        twoInARow(trx),
        insert(trx, 'before'),
        // Deeper than the others, which would otherwise be heard first, saying that the transaction is aborted.
        Promise.all([Promise.all([sql`select 1 / 0`.execute(trx)])]),
        ...Array.from({ length: 10 }, (_, index) => insert(trx, `after ${index}`)),
        twoInARow(trx),
      ]);
    });
    expect(sqlStateOf(await failing.catch((error: unknown) => error))).toBe('22012');
    await expectNothingStored();
  });

  it('leaves nothing behind of the statements that were still to come', async () => {
    const failing = inTransaction(db, (trx) =>
      Promise.all([sql`select 1 / 0`.execute(trx), ...['a', 'b', 'c', 'd', 'e'].map((party) => insert(trx, party))]),
    );
    await expect(failing).rejects.toThrow('division by zero');
    await expectNothingStored();
  });

  it('leaves nothing behind when the work fails for another reason, and sends nothing more', async () => {
    const late = Promise.withResolvers<Database>();
    const failing = inTransaction(db, async (trx) => {
      await insert(trx, 'a');
      late.resolve(trx);
      throw new Error('bug');
    });
    await expect(failing).rejects.toThrow('bug');
    await expect(insert(await late.promise, 'b')).rejects.toThrow('The transaction has ended.');
    expect(await stored()).toEqual([]);
  });

  it('sends together what is issued together', async () => {
    const { url, turns } = await countingTurns(space.databaseUrl);
    const counted = open(url);
    onTestFinished(() => counted.destroy());
    await sql`select 1`.execute(counted);
    const before = turns();
    await inTransaction(counted, (trx) => Promise.all(['a', 'b', 'c', 'd', 'e'].map((party) => insert(trx, party))));
    // Begin and the five, commit.
    expect(turns() - before).toBe(2);
  });
});

/** A way to the server that counts how often something is said after an answer. */
async function countingTurns(serverUrl: string) {
  const url = new URL(serverUrl);
  const port = Number(url.port);
  let turns = 0;
  let answered = true;
  const proxy = createServer((client) => {
    const server = connect(port, url.hostname);
    client.on('data', (chunk) => {
      if (answered) turns += 1;
      answered = false;
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      answered = true;
      client.write(chunk);
    });
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.close();
  });
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy listens on no port.');
  const through = new URL(serverUrl);
  through.port = String(address.port);
  return { url: through.href, turns: () => turns };
}
