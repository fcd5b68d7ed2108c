import { z } from '@hono/zod-openapi';
import { isStorable } from './member-names.ts';
import { problem } from './problem.ts';
import { requiredIdempotentKey } from './text.ts';

/** Changes that can come in a batch; each has a route of its own as well. */
export const batchKinds = [
  'CreateDialog',
  'UpdateDialog',
  'PatchDialog',
  'DeleteDialog',
  'CreateTransmission',
  'CreateActivity',
] as const;
export type BatchKind = (typeof batchKinds)[number];

const uuid = { format: 'uuid' } as const;

/**
 * One line of a batch, before its ids and its body are read. Members that it does not know are refused: `ifmatch` would be
 * a change without its guard.
 */
export const batchLine = z
  .strictObject({
    kind: z.enum(batchKinds),
    dialogId: z
      .string()
      .nullish()
      .openapi({ ...uuid, description: 'Required, and not for CreateDialog.' }),
    ifMatch: z
      .string()
      .nullish()
      .openapi({ ...uuid, description: 'As the header If-Match.' }),
    isSilentUpdate: z.boolean().nullish().openapi({ description: 'As the query parameter.' }),
    idempotentKey: requiredIdempotentKey.nullish().openapi({
      description:
        'A line whose key was applied before is not applied again. Compared within the dialog, for some days; that of ' +
        'CreateDialog is the key of the dialog, if its body has none, and counts for as long as there is the dialog.',
    }),
    body: z
      .unknown()
      .optional()
      .openapi({ description: 'As of the route for this kind of change; none for DeleteDialog.' }),
  })
  .openapi('BatchLine');
export type BatchLine = z.output<typeof batchLine>;
/** As callers write it. */
export type BatchLineInput = z.input<typeof batchLine>;

/** How one line of a batch ended. */
export const batchOutcome = z
  .object({
    line: z.int().positive().openapi({ description: 'Of the request, from 1. Blank lines count and have no outcome.' }),
    status: z.int().openapi({
      description:
        'As of the route for this kind of change. 200: repeated. 202: accepted, and the operation tells how it ends. 503: ' +
        'not applied, unless there is an operationId; then it may have been.',
    }),
    kind: z.enum(batchKinds).optional(),
    dialogId: z.guid().optional().openapi(uuid),
    id: z.uuid().optional().openapi({ description: 'Of the transmission or activity that was created.' }),
    revision: z.uuid().optional(),
    operationId: z.uuid().optional(),
    repeated: z
      .literal(true)
      .optional()
      .openapi({
        description:
          'The idempotent key was applied before, and nothing was changed. The rest is as it was then; for a dialog that was ' +
          'created, `revision` is the one that it has now.',
      }),
    problem: problem.optional(),
  })
  .openapi('BatchOutcome');
export type BatchOutcome = z.output<typeof batchOutcome>;

/** A line in its form, or what is wrong with it by member. */
type ReadBatchLine = { ok: true; value: BatchLine } | { ok: false; errors: Record<string, string[]> };

/** Reads the parts of a line, but for what is in them. */
export function readBatchLine(input: unknown): ReadBatchLine {
  const { success, data, error } = batchLine.safeParse(input);
  if (success) {
    if (isStorable(data.idempotentKey ?? '')) return { ok: true, value: data };
    return { ok: false, errors: { idempotentKey: ['Has text that cannot be stored.'] } };
  }
  const errors: Record<string, string[]> = {};
  for (const issue of error.issues) {
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) errors[key] = ['Is no member of a line.'];
    else errors[String(issue.path[0] ?? 'SerializerErrors')] = [issue.message];
  }
  return { ok: false, errors };
}
