import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { eventStream } from '@dialog/events/stream';
import { withClient } from '@dialog/local/database';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { startAnother } from '../another.ts';
import type { BenchStack } from '../bench-stack.ts';
import { generateLoad } from '../generate-load.ts';
import { cpuSecondsOf } from '../processes.ts';
import { createDialog, requireStatus } from '../requests.ts';
import type { BenchRow } from '../results.ts';
import { median } from '../statistics.ts';
import { type CopiesCost, costOfCopies } from '../stream-copies.ts';
import type { Bench } from './row.ts';

/** What is created for each second of the settings: about what two cores do. */
const createsPerSecond = 400;

/** What stands between a caller and its subscribers, in the order of a write. */
const parts = ['gateway', 'redis', 'dialog-worker', 'postgres', 'event-relay', 'nats'] as const;

type Counters = Record<'envelopes' | 'commands' | 'applySeconds' | 'wal' | 'disk' | 'received' | 'stored', number>;

/** What one create took, with its events. */
type Cost = {
  perSecond: number;
  /** Microseconds on top of what the part takes when idle, of all its processes. */
  cpu: Map<string, number>;
  commandsPerEnvelope: number;
  /** Milliseconds for which its lane was at work, from an envelope in hand to its commit. */
  laneMs: number;
  /** Bytes. */
  written: Record<'wal' | 'disk' | 'received' | 'stored', number>;
};

/**
 * What a create costs every part, with few commands in an envelope and with many: what a plan for more load is worked
 * out from. And whether it costs the same when two gateways and two workers share it.
 */
export const scale: Bench = {
  name: 'scale',
  long: true,
  about: 'what a create costs each part: CPU, bytes, time of its lane; and when two of each share it',
  async run(stack, { rounds, seconds }, say) {
    // So many creates, however long they take: on a busy machine a second says little.
    const creates = seconds * createsPerSecond;
    const idle = await idleCost(stack, seconds);
    say(`idle, CPU in ms a second: ${listed(idle, 1_000)}`);
    const of = async (gateways: readonly string[], workers: readonly string[], pids: Pids, connections: number) => {
      const cost = await measure(stack, { gateways, workers, pids, connections, creates, idle });
      say(describe(connections, gateways.length, cost));
      return cost;
    };
    const gateway = stack.gatewayUrl;
    const worker = stack.process('dialog-worker').url;
    await of([gateway], [worker], stack.pids(), 64);
    await of([gateway], [worker], stack.pids(), 256);
    const few: Cost[] = [];
    const many: Cost[] = [];
    const shared: Cost[] = [];
    for (let round = 0; round < rounds; round += 1) {
      few.push(await of([gateway], [worker], stack.pids(), 8));
      many.push(await of([gateway], [worker], stack.pids(), 256));
      const [otherGateway, otherWorker] = await Promise.all([
        startAnother(stack, 'gateway'),
        startAnother(stack, 'dialog-worker'),
      ]);
      try {
        const others = [
          ['gateway of two', otherGateway.pid ?? 0],
          ['dialog-worker of two', otherWorker.pid ?? 0],
        ] as const;
        const [gateways, workers] = [
          [gateway, otherGateway.url],
          [worker, otherWorker.url],
        ];
        const pids = new Map([...stack.pids(), ...others]);
        // What is new is slow at first.
        await measure(stack, { gateways, workers, pids, connections: 64, creates, idle });
        // As many callers to each gateway as before: it is their number that envelopes grow with.
        shared.push(await of(gateways, workers, pids, 512));
      } finally {
        await Promise.all([otherGateway.stop(), otherWorker.stop()]);
      }
    }
    const copies = await costOfCopies(creates);
    say(`JetStream, copies of an event: ${JSON.stringify([...copies])}`);
    return [...rowsOf(few, many, shared), ...rowsOfCopies(copies)];
  },
};

type Pids = ReadonlyMap<string, number>;

async function measure(
  stack: BenchStack,
  load: {
    gateways: readonly string[];
    workers: readonly string[];
    pids: Pids;
    connections: number;
    creates: number;
    idle: ReadonlyMap<string, number>;
  },
): Promise<Cost> {
  const { gateways, workers, pids, connections, creates, idle } = load;
  await stack.untilRelayed();
  const before = await readCounters(stack, workers);
  const [startedAt, cpuBefore] = [performance.now(), cpuSecondsOf(pids)];
  const results = await Promise.all(
    gateways.map((gatewayUrl) =>
      generateLoad({
        ...createDialog({ token: stack.token, gatewayUrl }, { Prefer: 'wait=30' }),
        connections: connections / gateways.length,
        requests: creates / gateways.length,
      }),
    ),
  );
  for (const result of results) requireStatus(result, 201);
  // Their events are part of what creates cost.
  await stack.untilRelayed();
  const [elapsed, cpuAfter] = [(performance.now() - startedAt) / 1_000, cpuSecondsOf(pids)];
  const after = await readCounters(stack, workers);
  const grown = (name: keyof Counters) => after[name] - before[name];
  const micros = (name: string, service: string) => {
    const used = (cpuAfter.get(name) ?? 0) - (cpuBefore.get(name) ?? 0);
    return cpuAfter.has(name) ? ((used - (idle.get(service) ?? 0) * elapsed) * 1e6) / creates : 0;
  };
  return {
    perSecond: results.reduce((sum, { perSecond }) => sum + perSecond, 0),
    cpu: new Map(parts.map((name) => [name, micros(name, name) + micros(`${name} of two`, name)])),
    commandsPerEnvelope: grown('commands') / grown('envelopes'),
    laneMs: (grown('applySeconds') * 1_000) / creates,
    written: {
      wal: grown('wal') / creates,
      disk: grown('disk') / creates,
      received: grown('received') / creates,
      stored: grown('stored') / creates,
    },
  };
}

/** CPU seconds a second of each part while nobody asks anything of it. Creates are charged with what comes on top. */
async function idleCost(stack: BenchStack, seconds: number): Promise<Map<string, number>> {
  await stack.untilRelayed();
  const [startedAt, before] = [performance.now(), cpuSecondsOf(stack.pids())];
  await delay(seconds * 1_000);
  const [elapsed, after] = [(performance.now() - startedAt) / 1_000, cpuSecondsOf(stack.pids())];
  return new Map(parts.map((name) => [name, ((after.get(name) ?? 0) - (before.get(name) ?? 0)) / elapsed]));
}

async function readCounters(stack: BenchStack, workers: readonly string[]): Promise<Counters> {
  const metrics = await Promise.all(workers.map(async (url) => (await fetch(`${url}/metrics`)).text()));
  const sum = (name: string) => metrics.reduce((total, text) => total + summed(text, name), 0);
  return {
    envelopes: sum('dialog_envelope_apply_seconds_count'),
    applySeconds: sum('dialog_envelope_apply_seconds_sum'),
    commands: sum('dialog_commands_total'),
    ...(await postgresBytes(stack)),
    received: await redisBytes(stack),
    stored: await natsBytes(stack),
  };
}

/** Of all labels of a metric together. */
function summed(text: string, name: string): number {
  const values = text.matchAll(new RegExp(`^${name}(?:{[^}]*})? ([\\d.e+-]+)$`, 'gm'));
  return [...values].reduce((total, [, value]) => total + Number(value), 0);
}

async function postgresBytes({ database }: BenchStack): Promise<{ wal: number; disk: number }> {
  return withClient(database.owner, async (client) => {
    const { rows } = await client.query<{ wal: number; disk: number }>(`
      select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float as wal,
        pg_database_size(current_database())::float as disk
    `);
    return rows[0] ?? { wal: Number.NaN, disk: Number.NaN };
  });
}

/** About what it appends to its file, which is written anew now and then and tells less. */
async function redisBytes({ redisUrl }: BenchStack): Promise<number> {
  const redis = new Redis(redisUrl);
  try {
    return Number(/total_net_input_bytes:(\d+)/.exec(await redis.info('stats'))?.[1]);
  } finally {
    redis.disconnect();
  }
}

async function natsBytes({ natsUrl, natsCreds }: BenchStack): Promise<number> {
  if (natsCreds === undefined) throw new Error('The bench needs its own NATS.');
  const connection = await connect({
    servers: natsUrl,
    authenticator: credsAuthenticator(readFileSync(natsCreds.admin)),
  });
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const { state } = await manager.streams.info(eventStream);
    // The oldest may be gone already.
    return (state.bytes / state.messages) * state.last_seq;
  } finally {
    await connection.close();
  }
}

function describe(
  connections: number,
  gateways: number,
  { perSecond, cpu, commandsPerEnvelope, laneMs }: Cost,
): string {
  return (
    `${connections} connections, ${gateways} of each: ${perSecond.toFixed(0)}/s; ${commandsPerEnvelope.toFixed(1)} ` +
    `commands an envelope, ${laneMs.toFixed(2)} ms of a lane each; CPU each, in µs: ${listed(cpu, 1)}`
  );
}

function listed(values: ReadonlyMap<string, number>, factor: number): string {
  return [...values].map(([name, each]) => `${name} ${(each * factor).toFixed(0)}`).join(', ');
}

function rowsOf(few: readonly Cost[], many: readonly Cost[], shared: readonly Cost[]): BenchRow[] {
  const row = (name: string, unit: string, value: (cost: Cost) => number, [figures, baselines] = [many, few]) => {
    const [ours, theirs] = [figures.map(value), baselines.map(value)];
    const [figure, baseline] = [median(ours), median(theirs)];
    const size = (costs: readonly Cost[]) => median(costs.map((cost) => cost.commandsPerEnvelope)).toFixed(0);
    const apart =
      figures === many ? `at ${size(baselines)} commands an envelope, not ${size(figures)}` : 'by one of each';
    return {
      name,
      figure: `${figure.toFixed(figure < 10 ? 2 : 0)} ${unit}`,
      baseline: `${baseline.toFixed(baseline < 10 ? 2 : 0)} ${unit} ${apart}`,
      ...{ ratio: figure / baseline, goal: '(none)', met: true, samples: { ours, theirs } },
    };
  };
  const total = ({ cpu }: Cost) => [...cpu.values()].reduce((sum, each) => sum + each, 0);
  return [
    ...parts.map((name) => row(`a create: CPU of ${name}`, 'µs', ({ cpu }) => cpu.get(name) ?? Number.NaN)),
    row('a create: CPU altogether', 'µs', total),
    row('a create: time of its lane', 'ms', ({ laneMs }) => laneMs),
    row('a create: Postgres, WAL', 'bytes', ({ written }) => written.wal),
    row('a create: Postgres, disk', 'bytes', ({ written }) => written.disk),
    row('a create: Redis, received', 'bytes', ({ written }) => written.received),
    row('a create: JetStream, stored', 'bytes', ({ written }) => written.stored),
    row('two gateways, two workers: creates', '/s', ({ perSecond }) => perSecond, [shared, many]),
    row('two gateways, two workers: CPU of a create', 'µs', total, [shared, many]),
  ];
}

/** Of two measurements on a cluster of three servers. */
function rowsOfCopies(copies: CopiesCost): BenchRow[] {
  const [one, three] = [copies.get(1), copies.get(3)];
  if (one === undefined || three === undefined) throw new Error('Copies were not measured.');
  const row = (name: string, unit: string, theirs: number, ours: number) => ({
    name: `an event on three servers: ${name}`,
    figure: `${ours.toFixed(0)} ${unit}`,
    baseline: `${theirs.toFixed(0)} ${unit} on one`,
    ...{ ratio: ours / theirs, goal: '(none)', met: true, samples: { ours: [ours], theirs: [theirs] } },
  });
  return [row('CPU of NATS', 'µs', one.micros, three.micros), row('events', '/s', one.perSecond, three.perSecond)];
}
