import { z } from '@hono/zod-openapi';
import { problem } from './problem.ts';
import { canonicalTimestamp } from './timestamp.ts';

/** How a command stands. `Queued` is accepted and durable, the other three are final. */
export const operationStatus = z.enum(['Queued', 'Applied', 'Rejected', 'Failed']);
export type OperationStatus = z.infer<typeof operationStatus>;

/**
 * The durable record of a command; `id` is the command's id.
 * `revision` is there when applied, `problem` when rejected or failed, `endedAt` in all three. A repeated one was applied
 * before, under the same idempotent key: `dialogId`, `revision` and `createdId` are those of then; where a dialog was
 * created, `revision` is the one that it has now.
 */
export const operation = z.object({
  id: z.uuid(),
  status: operationStatus,
  kind: z.string(),
  /** As the caller wrote it, there or not. */
  dialogId: z.guid().openapi({ format: 'uuid' }),
  revision: z.uuid().optional(),
  problem: problem.optional(),
  receivedAt: canonicalTimestamp,
  endedAt: canonicalTimestamp.optional(),
  repeated: z.literal(true).optional(),
  /** Of a repeated command: the transmission or activity that it had made. */
  createdId: z.uuid().optional(),
});
export type Operation = z.infer<typeof operation>;

/** An operation and the org that sent its command: nobody else may read it. */
export const ownedOperation = operation.extend({ org: z.string() });
export type OwnedOperation = z.infer<typeof ownedOperation>;
