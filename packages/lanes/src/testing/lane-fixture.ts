import { randomUUID } from 'node:crypto';
import type { Command, Envelope } from '@dialog/contracts/commands';
import type { Operation, OwnedOperation } from '@dialog/contracts/operation';
import { Queue } from 'bullmq';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { queueNameOf, queueOptions } from '../lane.ts';
import { createSubmitMetrics, createWorkMetrics } from '../metrics.ts';
import { type Nats, openNats } from '../open-nats.ts';
import { openRedis, type RedisConnections } from '../open-redis.ts';
import { defaultLanesSettings, type Lanes, type LanesDeps, type LanesSettings, openLanes } from '../submit.ts';
import { defaultWorkSettings, type WorkDeps, type WorkSettings, workLane } from '../work.ts';
import { appliedOperation } from './example-command.ts';

export type Addresses = {
  redisUrl: string;
  natsUrl: string;
  natsCreds?: { gateway: string; dialogWorker: string };
  prefix?: string;
};

/** Set LOG=1 to see what the lanes have to say during a test. */
const log = pino({ level: process.env.LOG === undefined ? 'silent' : 'debug' });

/**
 * Gateways and workers on one set of lanes, as many as a test wants, with a table of ended operations in place of the
 * database. `close` closes everything, the last opened first.
 */
export function openLaneFixture({ redisUrl, natsUrl, natsCreds, prefix = randomUUID() }: Addresses, laneCount: number) {
  const opened: (() => Promise<void>)[] = [];
  const ended = new Map<string, OwnedOperation>();
  /** Commands in the order in which they were first applied. */
  const applied: Command[] = [];
  const registry = new Registry();
  const workMetrics = createWorkMetrics(registry);

  return {
    prefix,
    ended,
    applied,
    registry,
    log,
    redis,
    nats,

    async gateway(settings: Partial<LanesSettings> = {}, deps: Partial<LanesDeps> = {}): Promise<Lanes> {
      const all = {
        redis: redis('fail'),
        nats: nats('gateway'),
        findEnded: async (ids: string[]) => new Map([...ended].filter(([id]) => ids.includes(id))),
        metrics: createSubmitMetrics(new Registry()),
        log,
        ...deps,
      };
      const lanes = await openLanes(all, {
        ...defaultLanesSettings,
        gatewayId: randomUUID(),
        prefix,
        laneCount,
        closeTimeoutMs: 10_000,
        ...settings,
      });
      opened.push(() => lanes.close());
      return lanes;
    },

    /** A worker of all lanes. */
    async worker(
      apply: (envelope: Envelope) => Promise<readonly Operation[]> = applyAll,
      settings: Partial<WorkSettings> = {},
      deps: Partial<WorkDeps> = {},
    ): Promise<{ close(): Promise<void> }> {
      const all = {
        redis: redis('wait'),
        nats: nats('dialogWorker'),
        onUnreadable: async () => {},
        metrics: workMetrics,
        log,
        settings: { ...defaultWorkSettings, closeTimeoutMs: 200, prefix, laneCount, ...settings },
        ...deps,
      };
      const lanes = await Promise.all(Array.from({ length: laneCount }, (_, lane) => workLane(all, lane, apply)));
      const close = async () => {
        await Promise.all(lanes.map((lane) => lane.close()));
      };
      opened.push(close);
      return { close };
    },

    /** Applies what was not applied yet and returns all operations, as the dialog-worker does. */
    applyAll,

    /** The BullMQ queue of a lane, to look at it and to do harm. */
    queue(lane: number): Queue {
      const name = queueNameOf(lane);
      const queue = new Queue(name, { ...queueOptions, connection: redis('wait').connectionOf(name), prefix });
      opened.push(() => queue.close());
      return queue;
    },

    async close(): Promise<void> {
      for (const close of opened.reverse()) await close();
    },
  };

  async function applyAll({ commands }: Envelope): Promise<readonly Operation[]> {
    return commands.map((command) => {
      if (!ended.has(command.id)) {
        applied.push(command);
        ended.set(command.id, appliedOperation(command));
      }
      const { org: _, ...operation } = appliedOperation(command);
      return operation;
    });
  }

  function redis(whenAway: 'fail' | 'wait'): RedisConnections {
    const connection = openRedis({ url: redisUrl, name: 'test', whenAway, log });
    opened.push(() => connection.close());
    return connection;
  }

  function nats(user: 'gateway' | 'dialogWorker'): Nats {
    const connection = openNats({
      servers: natsUrl,
      name: user,
      log,
      ...(natsCreds !== undefined && { credsFile: natsCreds[user] }),
    });
    opened.push(() => connection.close());
    return connection;
  }
}
export type LaneFixture = ReturnType<typeof openLaneFixture>;
