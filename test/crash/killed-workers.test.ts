import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '@dialog/contracts/commands';
import { dialogChange } from '@dialog/contracts/dialog-event';
import type { Operation } from '@dialog/contracts/operation';
import * as operations from '@dialog/database/tables/operations';
import type { ServerHandle } from '@dialog/local/server-process';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { activityCommand, openOwnLanes, patchCommand } from '../constellation/lanes.ts';
import {
  type Answer,
  createdId,
  etagOf,
  numberedActivity,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

const dialogCount = 50;
const commandsPerDialog = 40;
const hotCommands = 2_000;
const hotWave = 100;
/** Each costs seconds. Repeat the test (CRASH_RUNS=20 npm run test:crash) for more of them. */
const disturbancesMax = 8;
/** Longer than any stall here, so that a caller who waits gets the outcome. */
const longMs = 60_000;

/** What one of the callers did to its dialog: the answers in the order of its requests. */
type Story = { dialogId: string; answers: { step: number; answer: Answer }[] };
type HotOutcome = { command: Command; told: Operation };

let space: TestSpace;
let services: Constellation;
let ttd: ServiceOwner;
let stories: Story[];
let hot: { dialogId: string; outcomes: HotOutcome[] };
let disturbances: string[] = [];
let revisions: Map<string, string[]>;

/**
 * One storm for all tests: 50 callers with a dialog each, by HTTP, and 2,000 commands for one dialog, while two workers
 * are killed, stopped and frozen at random moments.
 */
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  const [first, second] = await Promise.all([
    services.startWorker(),
    services.startWorker(),
    services.startGateway({ WRITE_WAIT_MS: String(longMs) }),
  ]);
  ttd = await services.serviceOwner();

  const calm = new AbortController();
  const disturbed = disturb([first, second], calm.signal);
  try {
    const calling = Promise.all(Array.from({ length: dialogCount }, (_, caller) => tellStory(caller)));
    [stories, hot] = await Promise.all([calling, heatUp()]);
  } finally {
    calm.abort();
    disturbances = await disturbed;
  }
  revisions = await committedRevisions();
}, 180_000);
afterAll(async () => {
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.error(`${disturbances.join('\n')}\n${services.logs()}`));
});

/** Most often a kill; now and then a worker that stands still until it is taken for dead, and then goes on. */
async function disturb(workers: readonly ServerHandle[], calm: AbortSignal): Promise<string[]> {
  const done: string[] = [];
  for (let turn = 0; turn < disturbancesMax && !calm.aborted; turn += 1) {
    await delay(randomInt(100, 900), undefined, { signal: calm }).catch(() => {});
    const worker = workers[turn % workers.length];
    if (worker?.pid === undefined) continue;
    const kind = randomInt(6);
    done.push(`${new Date().toISOString()} ${worker.pid} ${kind === 0 ? 'frozen' : kind === 1 ? 'stopped' : 'killed'}`);
    if (kind === 0) {
      process.kill(worker.pid, 'SIGSTOP');
      await delay(2_500);
      process.kill(worker.pid, 'SIGCONT');
    } else {
      await (kind === 1 ? worker.stop() : worker.kill());
      await worker.start();
    }
  }
  return done;
}

/** Each step says what it expects to find, so that one that is left out, repeated or overtaken is rejected. */
async function tellStory(caller: number): Promise<Story> {
  const created = await ttd.createDialog(smallDialog({ externalReference: '0' }));
  const dialogId = createdId(created);
  const story: Story = { dialogId, answers: [{ step: 0, answer: created }] };
  let patches = 0;
  for (let step = 1; step < commandsPerDialog; step += 1) {
    const headers = step % 3 === 0 ? respondAsync : {};
    let answer: Answer;
    if (step === 20) {
      const old = { 'If-Match': etagOf(created) };
      answer = await ttd.patchDialog(dialogId, [{ op: 'replace', path: '/progress', value: 1 }], old);
    } else if (step % 2 === 0) {
      answer = await ttd.createActivity(dialogId, numberedActivity(caller, step), headers);
    } else {
      answer = await ttd.patchDialog(dialogId, nextReference(patches), headers);
      patches += 1;
    }
    story.answers.push({ step, answer });
    // The last one was accepted; what is looked at later is what it came to.
    if (step === commandsPerDialog - 1) await ttd.ended(answer, longMs);
  }
  return story;
}

function nextReference(current: number) {
  return [
    { op: 'test' as const, path: '/externalReference', value: String(current) },
    { op: 'replace' as const, path: '/externalReference', value: String(current + 1) },
  ];
}

/** Commands for one dialog in a known order: half of them waited for, nobody waiting between them. */
async function heatUp(): Promise<typeof hot> {
  const own = await openOwnLanes(services);
  try {
    const dialogId = createdId(await ttd.createDialog(smallDialog({ externalReference: '0' })));
    const outcomes: HotOutcome[] = [];
    for (let first = 0; first < hotCommands; first += hotWave) {
      const wave = Array.from({ length: hotWave }, async (_, index): Promise<HotOutcome> => {
        const number = first + index;
        const command =
          number % 2 === 0
            ? patchCommand(dialogId, nextReference(number / 2))
            : activityCommand(dialogId, `urn:test:hot:${number}`);
        return { command, told: await own.submit(command, { waitMs: number % 4 < 2 ? longMs : 0 }) };
      });
      outcomes.push(...(await Promise.all(wave)));
    }
    const last = outcomes.at(-1)?.command.id ?? '';
    await vi.waitFor(async () => expect((await operations.find(services.db, [last])).has(last)).toBe(true), longMs);
    return { dialogId, outcomes };
  } finally {
    await own.close();
  }
}

async function operationsOf(dialogId: string) {
  return services.db.selectFrom('operation').selectAll().where('dialog_id', '=', dialogId).execute();
}

async function activitiesOf(dialogId: string): Promise<(string | null)[]> {
  const rows = await services.db
    .selectFrom('dialog_activity')
    .select('extended_type')
    .where('dialog_id', '=', dialogId)
    .orderBy('created_at')
    .execute();
  return rows.map((row) => row.extended_type);
}

/** Of each dialog, its revisions in the order in which their changes were committed. */
async function committedRevisions(): Promise<Map<string, string[]>> {
  const rows = await services.db.selectFrom('outbox').select(['lane', 'seq', 'change']).orderBy('seq').execute();
  const changes = rows.map(({ change }) => dialogChange.parse(JSON.parse(change)));
  return new Map(
    [...Map.groupBy(changes, ({ dialogId }) => dialogId)].map(([dialogId, own]) => [
      dialogId,
      own.map(({ revision }) => revision),
    ]),
  );
}

it('disturbed the workers several times', () => {
  expect(disturbances.length).toBeGreaterThan(2);
});

describe('2,000 commands over 50 dialogs', () => {
  it('rule 3, applied once: each has one operation, and its effect once', async () => {
    for (const { dialogId } of stories) {
      const applied = await operationsOf(dialogId);
      expect(applied).toHaveLength(commandsPerDialog);
      expect(applied.filter(({ status }) => status !== 'Applied')).toMatchObject([{ status: 'Rejected' }]);
      expect(revisions.get(dialogId)).toHaveLength(commandsPerDialog - 1);
    }
  });

  it('rule 2, ordered: what each caller did is there in the order in which it was done', async () => {
    for (const [caller, { dialogId }] of stories.entries()) {
      const steps = Array.from({ length: commandsPerDialog }, (_unused, step) => step);
      const adding = steps.filter((step) => step > 0 && step % 2 === 0 && step !== 20);
      expect(await activitiesOf(dialogId)).toEqual(adding.map((step) => `urn:test:${caller}:${step}`));
      const patching = steps.filter((step) => step % 2 === 1);
      expect((await ttd.getDialog(dialogId)).body).toMatchObject({ externalReference: String(patching.length) });
    }
  });

  it('every caller got the true outcome', async () => {
    for (const { dialogId, answers } of stories) {
      const ended = await operationsOf(dialogId);
      const inOrder: string[] = [];
      for (const { step, answer } of answers) {
        const accepted = step !== 20 && step !== 0 && step % 3 === 0;
        const waited = step === 20 ? 412 : step === 0 || step % 2 === 0 ? 201 : 204;
        expect(answer.status, `step ${step}: ${JSON.stringify(answer.body)}`).toBe(accepted ? 202 : waited);
        if (accepted) {
          const { status, revision } = await ttd.ended(answer);
          expect(status).toBe('Applied');
          if (revision !== undefined) inOrder.push(revision);
        } else if (step !== 20) {
          inOrder.push(etagOf(answer));
        }
      }
      // Each revision that a caller was told is that of an operation, and they were committed in the same order.
      expect(inOrder.toSorted()).toEqual(ended.flatMap(({ revision }) => revision ?? []).toSorted());
      expect(revisions.get(dialogId)).toEqual(inOrder);
    }
  });
});

describe('2,000 commands for one dialog', () => {
  it('rule 3, applied once: each has one operation, and its effect once', async () => {
    const ended = await operations.find(
      services.db,
      hot.outcomes.map(({ command }) => command.id),
    );
    expect(ended.size).toBe(hotCommands);
    expect([...ended.values()].filter(({ status }) => status !== 'Applied')).toEqual([]);
    // And the one that created the dialog.
    expect(await operationsOf(hot.dialogId)).toHaveLength(hotCommands + 1);
    expect(revisions.get(hot.dialogId)).toHaveLength(hotCommands + 1);
  });

  it('rule 2, ordered: the order of commits is the order of submission, to the last', async () => {
    const ended = await operations.find(
      services.db,
      hot.outcomes.map(({ command }) => command.id),
    );
    const submitted = hot.outcomes.map(({ command }) => ended.get(command.id)?.revision);
    expect(revisions.get(hot.dialogId)?.slice(1)).toEqual(submitted);
    const odd = Array.from({ length: hotCommands / 2 }, (_, index) => `urn:test:hot:${2 * index + 1}`);
    expect(await activitiesOf(hot.dialogId)).toEqual(odd);
  });

  it('every caller got the true outcome', async () => {
    const ended = await operations.find(
      services.db,
      hot.outcomes.map(({ command }) => command.id),
    );
    for (const [number, { command, told }] of hot.outcomes.entries()) {
      const { org: _, ...truth } = ended.get(command.id) ?? {};
      if (number % 4 < 2) expect(told).toEqual(truth);
      else expect(told).toMatchObject({ id: command.id, status: 'Queued' });
    }
  });
});

it('the outbox has no gap: a relay that counts misses nothing', async () => {
  const lanes = await services.db.selectFrom('lane').select(['id', 'outbox_seq']).execute();
  for (const lane of lanes) {
    const rows = await services.db
      .selectFrom('outbox')
      .select('seq')
      .where('lane', '=', lane.id)
      .orderBy('seq')
      .execute();
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: lane.outbox_seq }, (_, index) => index + 1));
  }
});
