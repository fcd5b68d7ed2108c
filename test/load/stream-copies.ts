import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EventMessage } from '@dialog/events/event-messages';
import { openPublisher } from '@dialog/events/publish';
import { ensureEventStream, eventStream } from '@dialog/events/stream';
import { openNatsCluster } from '@dialog/local/nats-cluster';
import { removeDataDir } from '@dialog/local/postgres-files';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { cpuSecondsOf } from './processes.ts';

const dialogsAtOnce = 64;
/** Of a dialog with a transmission and two activities, each for two audiences. */
const eventsOfDialog = 4;
const payloadBytes = 700;

/** By number of copies: microseconds of CPU of all servers for each message, and messages a second. */
export type CopiesCost = ReadonlyMap<number, { micros: number; perSecond: number }>;

/** What it costs a NATS cluster of three servers to store events once, and three times, published as the relay does. */
export async function costOfCopies(dialogs: number): Promise<CopiesCost> {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'bench-nats-'));
  const cluster = await openNatsCluster({ dataDir, durability: 'durable' }, 3);
  const pids = new Map(cluster.nodes.map(({ pid = 0 }, index) => [String(index), pid]));
  const authenticator = credsAuthenticator(readFileSync(cluster.creds.admin));
  const connection = await connect({ servers: cluster.url.split(','), authenticator });
  const cpuSeconds = () => [...cpuSecondsOf(pids).values()].reduce((sum, seconds) => sum + seconds, 0);
  try {
    const costs = new Map<number, { micros: number; perSecond: number }>();
    for (const replicas of [1, 3]) {
      const limits = { ageMaxMs: 3_600_000, bytesMax: 2 ** 30, duplicateWindowMs: 1_000 };
      await ensureEventStream(connection, { replicas, ...limits });
      const publisher = openPublisher(connection, {
        ...{ inFlightMax: 512, ackTimeoutMs: 60_000 },
        pipelining: replicas === 1 ? 'everything' : 'one-per-dialog',
      });
      await publisher.publish(eventsOf(dialogsAtOnce));
      const [startedAt, before] = [performance.now(), cpuSeconds()];
      let messages = 0;
      for (let done = 0; done < dialogs; done += dialogsAtOnce) {
        const batch = eventsOf(dialogsAtOnce);
        await publisher.publish(batch);
        messages += batch.length;
      }
      const seconds = (performance.now() - startedAt) / 1_000;
      costs.set(replicas, { micros: ((cpuSeconds() - before) * 1e6) / messages, perSecond: messages / seconds });
      const manager = await jetstreamManager(connection, { checkAPI: false });
      await manager.streams.delete(eventStream);
    }
    return costs;
  } finally {
    await connection.close();
    for (const node of cluster.nodes) await node.stop();
    removeDataDir(dataDir);
  }
}

function eventsOf(dialogs: number): EventMessage[] {
  return Array.from({ length: dialogs }, () => randomUUID()).flatMap((dialogId) =>
    Array.from({ length: eventsOfDialog }, () => randomUUID()).flatMap((id) =>
      (['owner', 'party.0f'] as const).map((tree) => ({
        subject: `dialogporten.events.v1.${tree}.skd.skd-tax-return.created.${dialogId}`,
        messageId: `${id}.${tree}`,
        orderKey: `${dialogId}.${tree}`,
        payload: randomBytes(payloadBytes),
        traceparent: null,
      })),
    ),
  );
}
