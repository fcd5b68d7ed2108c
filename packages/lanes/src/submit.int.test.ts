import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '@dialog/contracts/commands';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LaneFull, LaneUnavailable } from './faults.ts';
import { laneOf } from './lane.ts';
import { appliedOperation, exampleCommand } from './testing/example-command.ts';
import { type LaneFixture, openLaneFixture } from './testing/lane-fixture.ts';

const laneCount = 4;
const longMs = 20_000;
/** Longer than a test may take. */
const neverMs = 1_000_000;

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

/** Ids of commands by what `key` makes of them, in the given order. */
function idsBy(key: (command: Command) => string | number, commands: readonly Command[]) {
  return Object.fromEntries(
    [...Map.groupBy(commands, key)].map(([name, group]) => [name, group.map(({ id }) => id)] as const),
  );
}

describe('a gateway', () => {
  it('answers a waited command with the operation that the worker committed', async () => {
    const lanes = await fixture.gateway();
    await fixture.worker();
    const command = exampleCommand();
    const { org: _, ...operation } = appliedOperation(command);
    expect(await lanes.submit(command, { waitMs: longMs })).toEqual(operation);
    expect(fixture.ended.get(command.id)).toMatchObject({ status: 'Applied' });
  });

  it('puts the commands of 50 callers on each lane in the order in which they came', async () => {
    const lanes = await fixture.gateway({ envelopeCommandsMax: 16 });
    await fixture.worker();
    const submitted: Command[] = [];
    await Promise.all(
      Array.from({ length: 50 }, async (_, caller) => {
        const dialogId = uuidv7();
        for (let round = 0; round < 10; round += 1) {
          // Some wait for nothing between their commands, as lines of a batch do; some for Redis; some for the outcome.
          const burst = Array.from({ length: 3 }, () => exampleCommand(dialogId));
          submitted.push(...burst);
          await Promise.all(burst.map((command) => lanes.submit(command, { waitMs: caller % 2 === 0 ? longMs : 0 })));
        }
      }),
    );
    await vi.waitFor(() => expect(fixture.applied).toHaveLength(1_500), longMs);
    const laneOfCommand = ({ dialogId }: Command) => laneOf(dialogId, laneCount);
    expect(idsBy(laneOfCommand, fixture.applied)).toEqual(idsBy(laneOfCommand, submitted));
  });

  it('sends together what came in while an envelope was on its way', async () => {
    const envelopes: string[][] = [];
    const lanes = await fixture.gateway({ envelopeCapMs: neverMs });
    const applying = Promise.withResolvers<void>();
    await fixture.worker(async (envelope) => {
      envelopes.push(envelope.commands.map(({ id }) => id));
      if (envelopes.length === 1) await applying.promise;
      return fixture.applyAll(envelope);
    });
    const dialogId = uuidv7();
    const [first, ...others] = Array.from({ length: 20 }, () => exampleCommand(dialogId));
    if (first === undefined) throw new Error('There is no first command.');
    const answers = [lanes.submit(first, { waitMs: longMs })];
    await vi.waitFor(() => expect(envelopes).toEqual([[first.id]]));
    answers.push(...others.map((command) => lanes.submit(command, { waitMs: longMs })));
    applying.resolve();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(20).fill('Applied'));
    expect(envelopes).toEqual([[first.id], others.map(({ id }) => id)]);
  });

  it('answers at once, without a worker, whoever does not wait, and knows the operation', async () => {
    const lanes = await fixture.gateway();
    const command = exampleCommand();
    const { id, kind, dialogId, receivedAt, org } = command;
    const queued = { id, kind, dialogId, receivedAt, status: 'Queued' };
    expect(await lanes.submit(command, { waitMs: 0 })).toEqual(queued);
    expect(await fixture.queue(laneOf(dialogId, laneCount)).getWaitingCount()).toBe(1);
    expect(await lanes.findQueued([uuidv7(), id])).toEqual(new Map([[id, { ...queued, org }]]));
    expect(await lanes.wait(id, 0)).toEqual({ ...queued, org });
  });

  it('answers Queued when the wait runs out, and the command is applied all the same', async () => {
    const lanes = await fixture.gateway();
    const command = exampleCommand();
    expect(await lanes.submit(command, { waitMs: 50 })).toMatchObject({ id: command.id, status: 'Queued' });
    expect([...(await lanes.findQueued([command.id])).keys()]).toEqual([command.id]);
    await fixture.worker();
    expect(await lanes.wait(command.id, longMs)).toEqual(appliedOperation(command));
    await vi.waitFor(async () => expect(await lanes.findQueued([command.id])).toEqual(new Map()));
  });

  it('lets queued operations expire that no worker ends', async () => {
    const lanes = await fixture.gateway({ queuedRetentionS: 1 });
    const command = exampleCommand();
    await lanes.submit(command, { waitMs: 0 });
    await vi.waitFor(async () => expect(await lanes.findQueued([command.id])).toEqual(new Map()), 3_000);
  });

  it('refuses a command, and puts nothing on the lane, when too many envelopes wait there', async () => {
    const lanes = await fixture.gateway({ laneEnvelopesMax: 3, depthSampleMs: 10, envelopeCapMs: 0 });
    const dialogId = uuidv7();
    const refused = await vi.waitFor(async () => {
      const fault = await lanes.submit(exampleCommand(dialogId), { waitMs: 0 }).catch((err: unknown) => err);
      expect(fault).toBeInstanceOf(LaneFull);
      return fault;
    });
    expect(refused).toMatchObject({ lane: laneOf(dialogId, laneCount), retryAfterMs: 1_000 });
    const queue = fixture.queue(laneOf(dialogId, laneCount));
    const depth = await queue.getWaitingCount();
    await expect(lanes.submit(exampleCommand(dialogId), { waitMs: longMs })).rejects.toThrow(LaneFull);
    expect(await queue.getWaitingCount()).toBe(depth);

    await fixture.worker();
    await vi.waitFor(() => lanes.submit(exampleCommand(dialogId), { waitMs: 0 }));
  });

  it.each([
    ['commands', { waitingCommandsMax: 2 }],
    ['bytes', { waitingBytesMax: 1_000 }],
  ])('refuses a command when too many %s wait in memory', async (_, limit) => {
    const lanes = await fixture.gateway(limit);
    const dialogId = uuidv7();
    const answers = Array.from({ length: 10 }, () => lanes.submit(exampleCommand(dialogId), { waitMs: 0 }));
    const settled = await Promise.allSettled(answers);
    const full = settled.filter((answer) => answer.status === 'rejected' && answer.reason instanceof LaneFull);
    const accepted = settled.filter(({ status }) => status === 'fulfilled');
    expect(full.length + accepted.length).toBe(10);
    expect(full.length).toBeGreaterThan(5);
    expect(accepted.length).toBeGreaterThan(0);
  });

  it('refuses a caller when too many wait for outcomes', async () => {
    const lanes = await fixture.gateway({ callersMax: 1 });
    const first = lanes.submit(exampleCommand(), { waitMs: 100 });
    await expect(lanes.submit(exampleCommand(), { waitMs: 100 })).rejects.toThrow(LaneFull);
    expect(await first).toMatchObject({ status: 'Queued' });
  });

  it('carries a command that is larger than an envelope should be', async () => {
    const lanes = await fixture.gateway({ envelopeBytesMax: 1_000 });
    await fixture.worker();
    const command = exampleCommand();
    command.payload = [{ op: 'add', path: '/externalReference', value: 'æ'.repeat(1_000_000) }];
    expect(await lanes.submit(command, { waitMs: longMs })).toMatchObject({ status: 'Applied' });
    expect(fixture.applied).toEqual([command]);
  });
});

describe('the operation of a command', () => {
  it('is found by a gateway that did not send it, while it waits and when it has ended', async () => {
    const [sender, other] = [await fixture.gateway(), await fixture.gateway({ pollAfterMs: neverMs })];
    const command = exampleCommand();
    await sender.submit(command, { waitMs: 0 });
    expect(await other.wait(command.id, 0)).toMatchObject({ status: 'Queued', org: 'ttd' });
    const waiting = other.wait(command.id, longMs);
    await fixture.worker();
    expect(await waiting).toEqual(appliedOperation(command));
    expect(await other.wait(command.id, 0)).toEqual(appliedOperation(command));
  });

  it('does not exist for an id that nobody sent', async () => {
    const lanes = await fixture.gateway();
    expect(await lanes.wait(uuidv7(), longMs)).toBeUndefined();
  });

  it('is still Queued when the caller ends the wait', async () => {
    const lanes = await fixture.gateway();
    const command = exampleCommand();
    await lanes.submit(command, { waitMs: 0 });
    const caller = new AbortController();
    const waiting = lanes.wait(command.id, longMs, caller.signal);
    caller.abort();
    expect(await waiting).toMatchObject({ status: 'Queued' });
    expect(await lanes.wait(command.id, longMs, caller.signal)).toMatchObject({ status: 'Queued' });
  });

  it('is Queued for one who asks while the database is away', async () => {
    const lanes = await fixture.gateway({}, { findEnded: () => Promise.reject(new Error('The database is away.')) });
    const command = exampleCommand();
    await lanes.submit(command, { waitMs: 0 });
    expect(await lanes.wait(command.id, 200)).toMatchObject({ status: 'Queued' });
    await expect(lanes.wait(uuidv7(), 0)).rejects.toThrow('The database is away.');
  });
});

describe('closing a gateway', () => {
  it('sends what waits in memory, without waiting for a worker', async () => {
    const lanes = await fixture.gateway({ envelopeCapMs: neverMs });
    const dialogId = uuidv7();
    const answers = Array.from({ length: 3 }, () => lanes.submit(exampleCommand(dialogId), { waitMs: 0 }));
    await answers[0];
    await lanes.close();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(3).fill('Queued'));
    expect(await fixture.queue(laneOf(dialogId, laneCount)).getWaitingCount()).toBe(2);
  });

  it('waits for outcomes, and takes nothing more', async () => {
    const lanes = await fixture.gateway({ envelopeCommandsMax: 2, envelopeCapMs: neverMs });
    const applying = Promise.withResolvers<void>();
    await fixture.worker(async (envelope) => {
      await applying.promise;
      return fixture.applyAll(envelope);
    });
    const dialogId = uuidv7();
    const commands = Array.from({ length: 7 }, () => exampleCommand(dialogId));
    const answers = commands.map((command) => lanes.submit(command, { waitMs: longMs }));
    const closed = lanes.close();
    await expect(lanes.submit(exampleCommand(), { waitMs: 0 })).rejects.toThrow(LaneUnavailable);
    applying.resolve();
    await closed;
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(7).fill('Applied'));
    expect(fixture.applied.map(({ id }) => id)).toEqual(commands.map(({ id }) => id));
  });

  it('answers Queued to those whose outcome does not come in time', async () => {
    const lanes = await fixture.gateway({ closeTimeoutMs: 50 });
    const command = exampleCommand();
    const answer = lanes.submit(command, { waitMs: longMs });
    await lanes.close();
    expect(await answer).toMatchObject({ id: command.id, status: 'Queued' });
    expect([...(await (await fixture.gateway()).findQueued([command.id])).keys()]).toEqual([command.id]);
  });

  it('ends at once when nothing is under way', async () => {
    const lanes = await fixture.gateway({ closeTimeoutMs: longMs });
    await Promise.race([lanes.close(), delay(2_000).then(() => Promise.reject(new Error('Not closed after 2 s.')))]);
  });
});
