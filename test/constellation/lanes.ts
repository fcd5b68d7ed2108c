import { randomUUID } from 'node:crypto';
import type { CommandKind, CommandOf } from '@dialog/contracts/commands';
import { timestampOf } from '@dialog/contracts/timestamp';
import * as operations from '@dialog/database/tables/operations';
import { activityBody } from '@dialog/domain/testing/examples';
import { envelopeJobName, queueNameOf, queueOptions } from '@dialog/lanes/lane';
import { createSubmitMetrics } from '@dialog/lanes/metrics';
import { openNats } from '@dialog/lanes/open-nats';
import { openRedis } from '@dialog/lanes/open-redis';
import { defaultLanesSettings, openLanes } from '@dialog/lanes/submit';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import { Queue } from 'bullmq';
import { uuidv7 } from 'uuidv7';
import type { Constellation } from './constellation.ts';

/**
 * The gateway's end of the lanes in this process, beside the real gateway: for commands that the gateway would not let
 * through, and for callers whose order is known to the last.
 */
export async function openOwnLanes({ addresses, db, laneCount }: Constellation) {
  const log = createLogger('test', 'silent');
  const redis = openRedis({ url: addresses.redisUrl, name: 'test', whenAway: 'fail', log });
  const nats = openNats({
    servers: addresses.natsUrl.split(','),
    credsFile: addresses.natsCreds.gateway,
    name: 'test',
    log,
  });
  const lanes = await openLanes(
    {
      redis,
      nats,
      findEnded: (ids) => operations.find(db, ids),
      metrics: createSubmitMetrics(createMetrics('test')),
      log,
    },
    { ...defaultLanesSettings, gatewayId: randomUUID(), laneCount, prefix: addresses.redisPrefix },
  );
  return {
    submit: lanes.submit,
    /** Puts any text on a lane, as its next envelope. */
    async enqueue(lane: number, text: string): Promise<void> {
      const queue = queueOf(lane);
      await queue.add(envelopeJobName, JSON.parse(text));
      await queue.close();
    },
    /** Envelopes that wait on a lane or are in hand. */
    async depth(lane: number): Promise<number> {
      const queue = queueOf(lane);
      const count = await queue.getJobCountByTypes('waiting', 'active');
      await queue.close();
      return count;
    },
    async close(): Promise<void> {
      await lanes.close();
      await nats.close();
      await redis.close();
    },
  };

  function queueOf(lane: number): Queue {
    const connection = redis.connectionOf(queueNameOf(lane));
    return new Queue(queueNameOf(lane), { ...queueOptions, connection, prefix: addresses.redisPrefix });
  }
}

function header(dialogId: string): Omit<CommandOf<CommandKind>, 'kind' | 'payload'> {
  return {
    id: uuidv7(),
    dialogId,
    org: 'ttd',
    rights: { admin: false, correspondence: false, legacyHtml: false },
    facts: { notOwned: [], actorNames: {} },
    ifMatch: null,
    silent: false,
    receivedAt: timestampOf(Date.now()),
    traceparent: null,
  };
}

export function patchCommand(dialogId: string, payload: CommandOf<'PatchDialog'>['payload']): CommandOf<'PatchDialog'> {
  return { ...header(dialogId), kind: 'PatchDialog', payload };
}

export function activityCommand(dialogId: string, extendedType: string): CommandOf<'CreateActivity'> {
  const common = header(dialogId);
  return {
    ...common,
    kind: 'CreateActivity',
    activityId: common.id,
    payload: activityBody({ type: 'FormSaved', extendedType }),
  };
}
