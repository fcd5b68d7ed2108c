import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type Command, type Envelope, envelopeVersion } from '@dialog/contracts/commands';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { envelopeJobName, laneOf } from './lane.ts';
import { exampleCommand } from './testing/example-command.ts';
import { type LaneFixture, openLaneFixture } from './testing/lane-fixture.ts';

const laneCount = 2;
const longMs = 20_000;
/** So that a test need not wait for the usual seconds. */
const quick = { lockMs: 1_000, lockCheckMs: 500 };

let space: TestSpace;
let fixture: LaneFixture;
let tests = 0;
beforeAll(async () => {
  space = await openTestSpace();
});
afterAll(() => space.close());
beforeEach(() => {
  tests += 1;
  fixture = openLaneFixture({ ...space, prefix: `${space.redisPrefix}-${tests}` }, laneCount);
});
afterEach(() => fixture.close());

/** One envelope for each command, in order, without waiting for an outcome. */
async function submitEach(commands: readonly Command[]) {
  const lanes = await fixture.gateway({ envelopeCommandsMax: 1 });
  await Promise.all(commands.map((command) => lanes.submit(command, { waitMs: 0 })));
  return lanes;
}

function commandsOf(dialogId: string, count: number) {
  return Array.from({ length: count }, () => exampleCommand(dialogId));
}

function appliedIds(): string[] {
  return fixture.applied.map(({ id }) => id);
}

describe('a lane', () => {
  it('is worked by one worker at a time', async () => {
    const dialogId = uuidv7();
    const commands = commandsOf(dialogId, 60);
    await submitEach(commands);
    let running = 0;
    const concurrency: number[] = [];
    for (let worker = 0; worker < 3; worker += 1) {
      await fixture.worker(async (envelope) => {
        running += 1;
        concurrency.push(running);
        await new Promise(setImmediate);
        const ended = await fixture.applyAll(envelope);
        running -= 1;
        return ended;
      });
    }
    await vi.waitFor(() => expect(appliedIds()).toEqual(commands.map(({ id }) => id)), longMs);
    expect(new Set(concurrency)).toEqual(new Set([1]));
  });

  it('tries an envelope again in place, before those behind it, for as long as it takes', async () => {
    const commands = commandsOf(uuidv7(), 5);
    const lanes = await submitEach(commands);
    let failures = 0;
    await fixture.worker(
      async (envelope) => {
        if (envelope.commands[0]?.id === commands[1]?.id && failures < 5) {
          failures += 1;
          throw new Error('The database is away.');
        }
        return fixture.applyAll(envelope);
      },
      { retryMinMs: 10, retryMaxMs: 50 },
    );
    await lanes.wait(commands[4]?.id ?? '', longMs);
    expect(failures).toBe(5);
    expect(appliedIds()).toEqual(commands.map(({ id }) => id));
    const retries = await fixture.registry.getSingleMetricAsString('dialog_lane_retries_total');
    expect(retries).toContain(`{lane="${laneOf(commands[0]?.dialogId ?? '', laneCount)}"} 5`);
  });

  it('keeps the lock of an envelope while it retries, longer than the lock lasts by itself', async () => {
    const [command] = commandsOf(uuidv7(), 1);
    if (command === undefined) throw new Error('There is no command.');
    const lanes = await submitEach([command]);
    const workers: number[] = [];
    const away = async (worker: number, envelope: Envelope) => {
      workers.push(worker);
      if (performance.now() < backAt) throw new Error('The database is away.');
      return fixture.applyAll(envelope);
    };
    const backAt = performance.now() + 2.5 * (quick.lockMs + quick.lockCheckMs);
    const settings = { ...quick, retryMinMs: 100, retryMaxMs: 100 };
    await fixture.worker((envelope) => away(1, envelope), settings);
    await vi.waitFor(() => expect(workers).not.toEqual([]));
    await fixture.worker((envelope) => away(2, envelope), settings);
    await lanes.wait(command.id, longMs);
    expect(appliedIds()).toEqual([command.id]);
    expect(new Set(workers)).toEqual(new Set([1]));
  });

  it('is handed over at once by a worker that closes while it retries', async () => {
    const commands = commandsOf(uuidv7(), 3);
    const lanes = await submitEach(commands);
    let attempts = 0;
    const failing = await fixture.worker(async () => {
      attempts += 1;
      throw new Error('The database is away.');
    });
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(1));
    await failing.close();
    const closedAt = performance.now();
    await fixture.worker();
    await lanes.wait(commands[2]?.id ?? '', longMs);
    // Well before the lock of the first would have run out.
    expect(performance.now() - closedAt).toBeLessThan(4_000);
    expect(appliedIds()).toEqual(commands.map(({ id }) => id));
  });

  it('is taken over by an idle worker when another one closes', async () => {
    const commands = commandsOf(uuidv7(), 4);
    const lanes = await submitEach(commands);
    const applying = Promise.withResolvers<void>();
    const first = await fixture.worker(async (envelope) => {
      await applying.promise;
      return fixture.applyAll(envelope);
    });
    await fixture.worker();
    await vi.waitFor(() => hasBlockedWorker(laneOf(commands[0]?.dialogId ?? '', laneCount)));
    const closed = first.close();
    applying.resolve();
    await closed;
    await lanes.wait(commands[3]?.id ?? '', 4_000);
    expect(appliedIds()).toEqual(commands.map(({ id }) => id));
  });
});

describe('an envelope', () => {
  it.each([
    ['that is no JSON', '{"version":1'],
    ['that is something else', '{"version":1,"laneCount":2,"lane":0,"replyTo":"x","commands":[{"kind":"Dance"}]}'],
  ])('%s is handed over and does not block the lane', async (_, text) => {
    const queue = fixture.queue(0);
    const job = { name: envelopeJobName, data: text, opts: {}, timestamp: Date.now(), progress: 0 };
    const untried = { attemptsMade: 0, attemptsStarted: 0, stalledCounter: 0, failedReason: '', returnvalue: '' };
    await queue.getBackend().addJob({ ...job, ...untried, id: uuidv7() }, uuidv7());
    const dialogId = dialogOnLane(0);
    const command = exampleCommand(dialogId);
    const lanes = await submitEach([command]);
    const unreadable: [string, Error][] = [];
    let failures = 0;
    const onUnreadable = async (data: string, error: Error) => {
      // Storing it may fail as everything may; then it is tried again.
      if (failures++ === 0) throw new Error('The database is away.');
      unreadable.push([data, error]);
    };
    await fixture.worker(fixture.applyAll, {}, { onUnreadable });
    expect(await lanes.wait(command.id, longMs)).toMatchObject({ status: 'Applied' });
    expect(unreadable).toEqual([[text, expect.any(Error)]]);
    expect(await queue.getJobCountByTypes('waiting', 'active', 'failed', 'completed')).toBe(0);
  });

  it.each([
    ['of a newer version', { version: envelopeVersion + 1 }],
    ['for another number of lanes', { laneCount: 16 }],
  ])('%s stays at the head of the lane, and is taken by a worker that can', async (_, changes) => {
    const queue = fixture.queue(0);
    const command = exampleCommand(dialogOnLane(0));
    const foreign = {
      version: envelopeVersion,
      laneCount,
      lane: 0,
      replyTo: 'dialogporten.replies.x',
      commands: [command],
    };
    await queue.add(envelopeJobName, { ...foreign, ...changes });
    const behind = exampleCommand(command.dialogId);
    const lanes = await submitEach([behind]);
    await fixture.worker(fixture.applyAll, { foreignPauseMs: 50 });
    const notWorked = () => fixture.registry.getSingleMetricAsString('dialog_lane_envelopes_not_worked_total');
    await vi.waitFor(async () => expect(await notWorked()).toMatch(/reason="foreign"} [3-9]/), longMs);
    expect(fixture.applied).toEqual([]);

    // Not ours to read, so made readable: as if this worker knew the version and the number.
    const [job] = await queue.getJobs(['waiting', 'active'], 0, 0, true);
    await job?.updateData(foreign);
    await lanes.wait(behind.id, longMs);
    expect(appliedIds()).toEqual([command.id, behind.id]);
  });

  it('whose worker is killed, and killed again, comes a third time, still before those behind it', async () => {
    const dialogId = uuidv7();
    const commands = commandsOf(dialogId, 4);
    const lanes = await submitEach(commands);
    const started: string[] = [];
    for (const _ of ['once', 'twice']) {
      const child = await killedInTheAct(started);
      expect(child.signalCode).toBe('SIGKILL');
    }
    await fixture.worker(fixture.applyAll, quick);
    await lanes.wait(commands[3]?.id ?? '', longMs);
    expect(started).toEqual([commands[0]?.id, commands[0]?.id]);
    expect(appliedIds()).toEqual(commands.map(({ id }) => id));
  });
});

/** Whether a worker has looked at the lane, found that it is not its turn, and waits to be woken. */
async function hasBlockedWorker(lane: number): Promise<void> {
  const queue = fixture.queue(lane);
  const client = fixture.redis('wait').connectionOf(queue.name);
  expect(await client.exists(queue.toKey('marker'))).toBe(0);
  const name = `${fixture.prefix}:${Buffer.from(queue.name).toString('base64')}`;
  expect(await client.client('LIST')).toMatch(new RegExp(`name=${name} .* flags=b .*cmd=bzpopmin`));
}

/** A worker process that is killed in the middle of its first envelope, whose first command it adds to `started`. */
async function killedInTheAct(started: string[]): Promise<ChildProcess> {
  const { redisUrl, natsUrl, natsCreds } = space;
  const settings = { ...quick, redisUrl, natsUrl, prefix: fixture.prefix, laneCount };
  const child = fork(path.join(import.meta.dirname, 'testing/stuck-worker.ts'), [
    JSON.stringify({ ...settings, natsCredsFile: natsCreds.dialogWorker }),
  ]);
  const [id] = await once(child, 'message', { signal: AbortSignal.timeout(longMs) });
  started.push(String(id));
  child.kill('SIGKILL');
  await once(child, 'exit');
  return child;
}

function dialogOnLane(lane: number): string {
  for (;;) {
    const dialogId = uuidv7();
    if (laneOf(dialogId, laneCount) === lane) return dialogId;
  }
}
