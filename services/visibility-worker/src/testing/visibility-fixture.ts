import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import type { Command } from '@dialog/contracts/commands';
import { type DialogEvent, dialogChange } from '@dialog/contracts/dialog-event';
import { type Timestamp, timestampOf } from '@dialog/contracts/timestamp';
import { openDatabase } from '@dialog/database/open';
import * as operations from '@dialog/database/tables/operations';
import { createDialog } from '@dialog/domain/testing/examples';
import { createSubmitMetrics } from '@dialog/lanes/metrics';
import { openNats } from '@dialog/lanes/open-nats';
import { openRedis } from '@dialog/lanes/open-redis';
import { defaultLanesSettings, type Lanes, type LanesSettings, openLanes } from '@dialog/lanes/submit';
import { openTestSpace } from '@dialog/local/testing';
import { createLogger } from '@dialog/telemetry/logger';
import { Queue } from 'bullmq';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { uuidv7 } from 'uuidv7';
import { openAlarms } from '../alarms.ts';
import { createApplyDue } from '../apply-due.ts';
import { createVisibilityMetrics } from '../metrics.ts';
import { startSweeping, sweep } from '../sweep.ts';

const laneCount = 2;

/** Set LOG=1 to see what the services have to say during a test. */
const log = createLogger('test', process.env.LOG === undefined ? 'silent' : 'debug');

/** How a visibility-worker differs from others. */
export type Changes = {
  now?: () => Timestamp;
  lanes?: Partial<LanesSettings>;
  sweepMs?: number;
  /** What becomes of its commands, instead of what the lanes make of them. */
  submit?: Lanes['submit'];
};

/** A dialog-worker, somebody who sends commands, and as many visibility-workers as a test wants. */
export async function openVisibilityFixture() {
  const space = await openTestSpace();
  const { redisUrl, redisPrefix: prefix, natsUrl, natsCreds } = space;
  const opened: (() => Promise<unknown>)[] = [() => space.close()];
  const workers: (() => Promise<unknown>)[] = [];
  const db = openDatabase(space.databaseUrl, {
    ...{ applicationName: 'test', connectionsMax: 6, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000 },
  });
  opened.push(() => db.destroy());
  const dialogWorker = spawnDialogWorker();
  opened.push(() => stop(dialogWorker));
  const sender = await openSender(natsCreds.gateway, {});

  /** An example command of its own, applied; its dialog's id. */
  async function applied<C extends Command>(command: C, dialogId: string = uuidv7()): Promise<string> {
    const id = uuidv7();
    const own = { ...command, id, dialogId, receivedAt: present() };
    if (own.kind === 'CreateTransmission') own.transmissionId = id;
    const { status } = await sender.submit(own, { waitMs: 20_000 });
    if (status !== 'Applied') throw new Error(`${command.kind} is ${status}.`);
    return dialogId;
  }

  // Tests have dialogs that are due in less time than a dialog-worker takes to start.
  await applied(createDialog());

  return {
    db,
    redisPrefix: prefix,
    redis: redis('wait').connectionOf(''),
    applied,

    /** What the party of a dialog has been told, by the outbox: the types of events, in order. */
    async told(dialogId: string): Promise<DialogEvent['type'][]> {
      const { rows } = await sql<{ change: string }>`
        select change from outbox where change ->> 'dialogId' = ${dialogId} order by seq
      `.execute(db);
      return rows
        .flatMap(({ change }) => dialogChange.parse(JSON.parse(change)).events)
        .filter(({ audiences }) => audiences.includes('party'))
        .map(({ type }) => type);
    },

    /** A visibility-worker as main.ts puts it together. */
    async openVisibilityWorker({ now = present, lanes: laneChanges = {}, sweepMs = 20, submit }: Changes = {}) {
      const registry = new Registry();
      const sending = await openSender(natsCreds.visibilityWorker, laneChanges);
      const lanes = submit === undefined ? sending : { submit };
      const settings = { dialogsAtOnceMax: 64, eventsAtOnceMax: 1_000, outcomeWaitMs: 5_000, setAsideMs: 60_000 };
      const metrics = createVisibilityMetrics(registry);
      const applyDue = createApplyDue({ ...{ db, lanes, now, metrics, log }, newId: uuidv7 }, settings);
      return {
        registry,
        applyDue,
        /** Sets and hears alarms from now on. */
        start(): void {
          const alarms = openAlarms(
            { redis: redis('wait'), now, log, onAlarm: applyDue },
            { prefix, lockMs: 2_000, lockCheckMs: 500 },
          );
          const sweeping = startSweeping({ ...{ db, alarms, now, log } }, { horizonMs: 10_000, sweepMs, gridMs: 10 });
          workers.push(async () => {
            await sweeping.stop();
            await alarms.close();
          });
        },
        /** The times of the alarms that a sweep would set, and whether one for now. */
        async lookAhead(horizonMs: number, gridMs: number) {
          const set: (Timestamp | 'now')[] = [];
          const alarms = {
            set: async (times: readonly Timestamp[]) => void set.push(...times),
            setNow: async () => void set.push('now'),
          };
          await sweep({ db, alarms, now }, { horizonMs, gridMs });
          return set;
        },
      };
    },

    /** The queue of the alarms, to look at it. */
    alarmQueue(): Queue {
      const connection = redis('wait').connectionOf('{visibility}');
      const queue = new Queue('{visibility}', { connection, prefix });
      opened.push(() => queue.close());
      return queue;
    },

    async stopVisibilityWorkers(): Promise<void> {
      for (const stopWorker of workers.splice(0)) await stopWorker();
    },

    async close(): Promise<void> {
      for (const close of opened.toReversed()) await close();
    },
  };

  function redis(whenAway: 'fail' | 'wait') {
    const connection = openRedis({ url: redisUrl, name: 'test', whenAway, log });
    opened.push(() => connection.close());
    return connection;
  }

  async function openSender(credsFile: string, changes: Partial<LanesSettings>) {
    const nats = openNats({ servers: natsUrl, name: 'test', credsFile, log });
    opened.push(() => nats.close());
    const lanes = await openLanes(
      {
        ...{ redis: redis('fail'), nats, log, metrics: createSubmitMetrics(new Registry()) },
        findEnded: (ids) => operations.find(db, ids),
      },
      { ...{ ...defaultLanesSettings, laneCount, prefix, gatewayId: randomUUID(), closeTimeoutMs: 100 }, ...changes },
    );
    opened.push(() => lanes.close());
    return lanes;
  }

  function spawnDialogWorker(): ChildProcess {
    const main = path.join(import.meta.dirname, '../../../dialog-worker/src/main.ts');
    return spawn(process.execPath, [main], {
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: space.databaseUrl,
        REDIS_URL: redisUrl,
        REDIS_PREFIX: prefix,
        NATS_URL: natsUrl,
        NATS_CREDS: natsCreds.dialogWorker,
        LANES: String(laneCount),
        LOG_LEVEL: process.env.LOG === undefined ? 'error' : 'debug',
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
}
export type VisibilityFixture = Awaited<ReturnType<typeof openVisibilityFixture>>;

export function present(): Timestamp {
  return timestampOf(Date.now());
}

async function stop(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null) return;
  worker.kill('SIGTERM');
  await once(worker, 'exit');
}
