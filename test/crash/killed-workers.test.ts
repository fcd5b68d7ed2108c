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
  numberedAttachment,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

const dialogCount = 50;
const commandsPerDialog = 40;
const hotCommands = 2_000;
/** Each costs seconds. Repeat the test (CRASH_RUNS=20 npm run test:crash) for more of them. */
const disturbancesMax = 6;
/** Longer than any stall here, so that a caller who waits gets the outcome. */
const longMs = 60_000;

/** One sent with a revision that is no more. */
const refusedStep = 20;
/** The others are answered 202, and the next one follows at once. */
const isWaited = (step: number) => step % 4 === 0;
const isPatchOfReference = (step: number) => step > 0 && step % 5 !== 0 && step % 2 === 1;
const isActivity = (step: number) => step > 0 && step % 5 !== 0 && step % 2 === 0;
const isAttachment = (step: number) => step > 0 && step % 5 === 0 && step !== refusedStep;

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
    const headers = isWaited(step) ? {} : respondAsync;
    let answer: Answer;
    if (step === refusedStep) {
      const old = { 'If-Match': etagOf(created) };
      answer = await ttd.patchDialog(dialogId, [{ op: 'replace', path: '/progress', value: 1 }], old);
    } else if (isAttachment(step)) {
      answer = await ttd.patchDialog(dialogId, numberedAttachment(caller, step), headers);
    } else if (isActivity(step)) {
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

function hotCommand(dialogId: string, number: number): Command {
  if (number % 10 === 5) return patchCommand(dialogId, numberedAttachment('hot', number));
  if (number % 2 === 1) return activityCommand(dialogId, `urn:test:hot:${number}`);
  return patchCommand(dialogId, nextReference(number / 2));
}

/** Commands for one dialog in a known order: half of them waited for, nobody waiting between them. */
async function heatUp(): Promise<typeof hot> {
  const own = await openOwnLanes(services);
  try {
    const dialogId = createdId(await ttd.createDialog(smallDialog({ externalReference: '0' })));
    const submissions: Promise<HotOutcome>[] = [];
    for (let number = 0; number < hotCommands; number += 1) {
      const command = hotCommand(dialogId, number);
      submissions.push(
        own.submit(command, { waitMs: number % 4 < 2 ? longMs : 0 }).then((told) => ({ command, told })),
      );
      // Through the whole storm, not before it.
      if (number % 5 === 0) await delay(15);
    }
    const outcomes = await Promise.all(submissions);
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
      expect(await activitiesOf(dialogId)).toEqual(
        steps.filter(isActivity).map((step) => `urn:test:${caller}:${step}`),
      );
      expect((await ttd.getDialog(dialogId)).body).toMatchObject({
        externalReference: String(steps.filter(isPatchOfReference).length),
        attachments: steps.filter(isAttachment).map((step) => ({ name: `${caller}:${step}` })),
      });
    }
  });

  it('every caller got the true outcome', async () => {
    for (const { dialogId, answers } of stories) {
      for (const { step, answer } of answers) {
        const waited = step === refusedStep ? 412 : step === 0 || isActivity(step) ? 201 : 204;
        expect(answer.status, `step ${step}: ${JSON.stringify(answer.body)}`).toBe(isWaited(step) ? waited : 202);
      }
      const accepted = await services.ended(answers.flatMap(({ answer }) => (answer.status === 202 ? answer : [])));
      expect(new Set(accepted.map(({ status }) => status))).toEqual(new Set(['Applied']));
      // Each revision that the caller was told, at once or by the operation, in the order of its requests.
      const told = answers.flatMap(({ step, answer }) => {
        if (step === refusedStep) return [];
        return (isWaited(step) ? etagOf(answer) : accepted.shift()?.revision) ?? [];
      });
      expect(told).toEqual(revisions.get(dialogId));
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
    const numbers = Array.from({ length: hotCommands }, (_, number) => number);
    const activities = numbers.filter((number) => number % 2 === 1 && number % 10 !== 5);
    expect(await activitiesOf(hot.dialogId)).toEqual(activities.map((number) => `urn:test:hot:${number}`));
    const attachments = numbers.filter((number) => number % 10 === 5);
    expect((await ttd.getDialog(hot.dialogId)).body).toMatchObject({
      attachments: attachments.map((number) => ({ name: `hot:${number}` })),
    });
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
