import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { dialogChange } from '@dialog/contracts/dialog-event';
import type { Operation } from '@dialog/contracts/operation';
import { timestampOf } from '@dialog/contracts/timestamp';
import * as outboxRefusals from '@dialog/database/tables/outbox-refusals';
import { withClient } from '@dialog/local/database';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { activityCommand, openOwnLanes } from '../constellation/lanes.ts';
import {
  createdId,
  numberedActivity,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

let space: TestSpace;
let services: Constellation;
let own: Awaited<ReturnType<typeof openOwnLanes>>;
let ttd: ServiceOwner;
beforeAll(async () => {
  space = await openTestSpace();
  // One lane, so that strangers share envelopes.
  services = await openConstellation(space, { laneCount: 1 });
  await Promise.all([services.startGateway(), services.startWorker()]);
  ttd = await services.serviceOwner();
  own = await openOwnLanes(services);
});
afterAll(async () => {
  await own.close();
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

const waitMs = 20_000;
const program = path.join(import.meta.dirname, '../../services/dialog-worker/src/dead-letters.ts');

/** What an operator types. */
async function deadLetters(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { databaseUrl, redisUrl, redisPrefix, natsUrl } = space;
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    REDIS_PREFIX: redisPrefix,
    NATS_URL: natsUrl,
    LANES: String(services.laneCount),
  };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [program, ...args], { env })) };
  } catch (err) {
    return z.object({ code: z.number(), stdout: z.string(), stderr: z.string() }).parse(err);
  }
}

/** Commands of several dialogs that travel in one envelope: the lane is held while they gather. */
async function together(submit: () => Promise<Operation>[]): Promise<Operation[]> {
  const release = await services.holdLanes();
  const first = own.submit(activityCommand(uuidv7(), 'urn:test:first'), { waitMs });
  const operations = submit();
  await release();
  await first;
  return Promise.all(operations);
}

/** As no gateway would send it: an activity of nobody, for which decide has no answer. */
function poisonous(dialogId: string) {
  const command = activityCommand(dialogId, 'urn:test:poison');
  const payload: typeof command.payload = JSON.parse(JSON.stringify({ ...command.payload, performedBy: null }));
  return { ...command, payload };
}

describe('rule 5, a poison command harms nobody else', () => {
  it('its neighbours in the envelope are applied in order, before it and behind it, on its own dialog too', async () => {
    const [mine = '', another = ''] = await Promise.all(
      [1, 2].map(async () => createdId(await ttd.createDialog(smallDialog()))),
    );
    const poison = poisonous(mine);
    const ended = await together(() => [
      own.submit(activityCommand(mine, 'urn:test:1'), { waitMs }),
      own.submit(activityCommand(another, 'urn:test:1'), { waitMs }),
      own.submit(poison, { waitMs }),
      own.submit(activityCommand(mine, 'urn:test:2'), { waitMs }),
      own.submit(activityCommand(another, 'urn:test:2'), { waitMs }),
    ]);
    expect(ended.map(({ status }) => status)).toEqual(['Applied', 'Applied', 'Failed', 'Applied', 'Applied']);
    for (const dialogId of [mine, another]) {
      const { body } = await ttd.getDialog(dialogId);
      expect(body).toMatchObject({ activities: [{ extendedType: 'urn:test:1' }, { extendedType: 'urn:test:2' }] });
    }

    // Its sender is told, and nothing of what it held.
    expect(await ttd.getOperation(poison.id)).toMatchObject({
      status: 200,
      body: { status: 'Failed', problem: { status: 500 } },
    });
    // And the lane goes on.
    expect((await ttd.createActivity(mine, numberedActivity('a', 3))).status).toBe(201);
  });

  it('an operator can list and read it', async () => {
    const dialogId = createdId(await ttd.createDialog(smallDialog()));
    const poison = poisonous(dialogId);
    await own.submit(poison, { waitMs });
    const { code, stdout } = await deadLetters('list');
    expect(code).toBe(0);
    expect(stdout).toContain(`${poison.id}  `);
    expect(stdout).toContain(`CreateActivity of ttd on dialog ${dialogId}`);
    expect(stdout).toContain('DecisionFault');
    const shown = await deadLetters('show', poison.id);
    expect(JSON.parse(shown.stdout)).toMatchObject({ id: poison.id, lane: 0, replayedAs: null, command: poison });
  });

  it('an operator can replay it once its reason is gone; a second time only when asked twice', async () => {
    const dialogId = createdId(await ttd.createDialog(smallDialog()));
    // Stands for a fault of ours that a new version mends: one that the database finds in a value.
    await asOwner(`
      create function refuse() returns trigger language plpgsql as $$
        begin raise exception 'Not this one' using errcode = 'data_exception'; end $$;
      create trigger refuse before insert on dialog_activity for each row
        when (new.dialog_id = '${dialogId}') execute function refuse()`);
    const accepted = await ttd.createActivity(dialogId, numberedActivity('r', 1), respondAsync);
    const [failed] = await services.ended([accepted]);
    expect(failed).toMatchObject({ status: 'Failed' });
    const letterId = failed?.id ?? '';
    expect((await deadLetters('list')).stdout).toContain('SQLSTATE 22000');

    // Too early: it fails again, as a dead letter of its own.
    const early = await deadLetters('replay', letterId);
    expect(early).toMatchObject({ code: 0, stderr: '' });
    expect(await ttd.operationEnded(early.stdout.trim())).toMatchObject({ status: 'Failed', dialogId });

    await asOwner('drop trigger refuse on dialog_activity; drop function refuse()');
    const refused = await deadLetters('replay', letterId);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('--again');
    const replayed = await deadLetters('replay', letterId, '--again');
    expect(replayed.code).toBe(0);
    const operation = await ttd.operationEnded(replayed.stdout.trim());
    expect(operation).toMatchObject({ status: 'Applied', kind: 'CreateActivity', dialogId });
    expect((await ttd.getDialog(dialogId)).body).toMatchObject({
      revision: operation.revision,
      activities: [{ extendedType: 'urn:test:r:1' }],
    });
    expect((await ttd.getOperation(operation.id)).body).toMatchObject({ status: 'Applied' });
    expect(JSON.parse((await deadLetters('show', letterId)).stdout)).toMatchObject({ replayedAs: operation.id });
  });

  it('an operator is told what cannot be done', async () => {
    expect(await deadLetters('show', uuidv7())).toMatchObject({ code: 1, stdout: '' });
    expect(await deadLetters('replay', 'that one')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Usage'),
    });
  });

  it('an operator finds events there that could not be delivered, and can ask for them', async () => {
    const dialogId = createdId(await ttd.createDialog(smallDialog()));
    const rows = await services.db.selectFrom('outbox').select(['lane', 'seq', 'change']).execute();
    const { lane, seq, change } = z
      .object({ lane: z.number(), seq: z.number(), change: z.string() })
      .parse(rows.find((row) => row.change.includes(dialogId)));
    const [event] = dialogChange.parse(JSON.parse(change)).events;
    for (const [reader, messageId] of [
      ['event-relay', `${event?.id}.party`],
      ['altinn-events', ''],
    ] as const) {
      const refusal = { reader, lane, seq, messageId, change, refusedAt: timestampOf(Date.now()) };
      await outboxRefusals.insert(services.db, {
        ...refusal,
        reason: 'Not urn:altinn:person:identifier-no:01817030080',
      });
    }
    const { stdout } = await deadLetters('list');
    expect(stdout).toContain(`DialogCreated of ttd on dialog ${dialogId}, by event-relay\n    Not urn:altinn:person`);
    expect(stdout).toContain(`all events of ttd on dialog ${dialogId}, by altinn-events`);
    expect(stdout).not.toContain('01817030080');

    const [ofRelay = '', ofAltinn = ''] = ['event-relay', 'altinn-events'].map(
      (reader) => new RegExp(`(\\S+) .*${dialogId}, by ${reader}`).exec(stdout)?.[1],
    );
    const shown = await deadLetters('show', ofRelay);
    expect(JSON.parse(shown.stdout)).toMatchObject({ messageId: `${event?.id}.party`, change: JSON.parse(change) });
    expect(await deadLetters('replay', ofRelay)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('event-relay is asked'),
    });
    expect((await deadLetters('replay-all', 'altinn-events')).stdout).toBe(
      'altinn-events is asked to deliver 1 events.\n',
    );
    expect((await deadLetters('list')).stdout).toMatch(/by event-relay, to be replayed from/);
    await outboxRefusals.markReplayed(services.db, ofAltinn, timestampOf(Date.now()));
    expect(await deadLetters('replay', ofAltinn)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--again'),
    });
    expect((await deadLetters('replay', ofAltinn, '--again')).code).toBe(0);
    expect(await deadLetters('replay-all', 'somebody')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Usage'),
    });
  });

  it('an envelope that nobody can read is kept, and the lane goes on', async () => {
    const dialogId = createdId(await ttd.createDialog(smallDialog()));
    await own.enqueue(0, '{"no": "envelope"}');
    expect((await ttd.createActivity(dialogId, numberedActivity('a', 1))).status).toBe(201);
    const { stdout } = await deadLetters('list', '--limit', '1');
    expect(stdout).toContain('unreadable');
    const [id = ''] = stdout.split(' ');
    expect(await deadLetters('replay', id)).toMatchObject({ code: 1, stderr: expect.stringContaining('no command') });
  });
});

function asOwner(statements: string) {
  return withClient(space.ownerDatabaseUrl, (client) => client.query(statements));
}
