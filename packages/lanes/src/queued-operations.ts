import type { Command } from '@dialog/contracts/commands';
import { type OwnedOperation, ownedOperation } from '@dialog/contracts/operation';
import type { Redis } from 'ioredis';
import { queuedOperationKey, queueNameOf } from './lane.ts';
import type { RedisConnections } from './open-redis.ts';

/** The operation of a command that is on its way. */
export function queuedOperationOf({ id, kind, dialogId, receivedAt, org }: Command): OwnedOperation {
  return { id, status: 'Queued', kind, dialogId, receivedAt, org };
}

/**
 * Keeps operations that a caller was, or is about to be, answered 202 for, so that `GET operations/{id}` knows them
 * before the worker does. The worker removes them after it has committed; the expiry is for what it never sees.
 */
export async function recordQueued(
  redis: Redis,
  { prefix, lane, retentionS }: { prefix: string; lane: number; retentionS: number },
  operations: readonly OwnedOperation[],
): Promise<void> {
  if (operations.length === 0) return;
  const keys = operations.map(({ id }) => queuedOperationKey(prefix, lane, id));
  const texts = operations.map((operation) => JSON.stringify(operation));
  await redis.eval(setAll, keys.length, ...keys, retentionS, ...texts);
}

/** One command however many keys. A pipeline of ioredis is made with a method for each script of BullMQ: 0.1 ms. */
const setAll = `for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1]) end`;

/**
 * Called by the worker after it has committed the operations: a reader that misses the record finds the real thing,
 * provided that it asks here first and the database second.
 */
export async function forgetQueued(redis: Redis, prefix: string, lane: number, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await redis.unlink(ids.map((id) => queuedOperationKey(prefix, lane, id)));
}

/**
 * Those of the ids that are recorded. An id does not tell its lane, so every lane is asked: one command for each.
 *
 * @throws when a lane does not answer that may have one of them
 */
export async function findQueued(
  redis: RedisConnections,
  { prefix, laneCount }: { prefix: string; laneCount: number },
  ids: readonly string[],
): Promise<Map<string, OwnedOperation>> {
  const found = new Map<string, OwnedOperation>();
  if (ids.length === 0) return found;
  const asked = Array.from({ length: laneCount }, (_, lane) =>
    redis.connectionOf(queueNameOf(lane)).mget(ids.map((id) => queuedOperationKey(prefix, lane, id))),
  );
  const answers = await Promise.allSettled(asked);
  for (const answer of answers) {
    for (const text of answer.status === 'fulfilled' ? answer.value : []) {
      if (text === null) continue;
      const operation = ownedOperation.parse(JSON.parse(text));
      found.set(operation.id, operation);
    }
  }
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (failed !== undefined && found.size < new Set(ids).size) throw failed.reason;
  return found;
}
