import { randomUUID } from 'node:crypto';
import type { ActivityInput } from '@dialog/contracts/activity';
import type { BatchKind, BatchOutcome } from '@dialog/contracts/batch-line';
import type { CreateDialogInput } from '@dialog/contracts/create-dialog';
import type { JsonPatch } from '@dialog/contracts/json-patch';
import type { TransmissionInput } from '@dialog/contracts/transmission';
import type { UpdateDialogInput } from '@dialog/contracts/update-dialog';

type Change = {
  /** The revision that it is meant for. */
  ifMatch?: string;
  isSilentUpdate?: boolean;
  /** What makes it harmless to send the line twice. Without one, it gets one for as long as the writer runs. */
  idempotentKey?: string;
};

/** A change of one dialog, as one line of a batch. */
export type BulkLine =
  | ({ kind: 'CreateDialog'; body: CreateDialogInput } & Change)
  | ({ kind: 'UpdateDialog'; dialogId: string; body: UpdateDialogInput } & Change)
  | ({ kind: 'PatchDialog'; dialogId: string; body: JsonPatch } & Change)
  | ({ kind: 'DeleteDialog'; dialogId: string } & Change)
  | ({ kind: 'CreateTransmission'; dialogId: string; body: TransmissionInput } & Change)
  | ({ kind: 'CreateActivity'; dialogId: string; body: ActivityInput } & Change);

export type BulkKind = BatchKind;

/**
 * What the service says of a line; `line` counts from 1 in its upload. 200, 201 and 204: applied. 202: accepted. Else
 * refused, or not taken for the moment.
 */
export type BulkOutcome = BatchOutcome;

/** A line as it is sent. */
export type ReadyLine<Input> = {
  input: Input;
  /** JSON, without a line feed. */
  text: string;
  /** Whose order it keeps; undefined when it is the only line of its dialog that there can be. */
  dialogId: string | undefined;
  /** Undefined when the text could not be read, which the service will say. */
  idempotentKey: string | undefined;
};

/** Makes lines ready that have been written as objects. */
export function readyLine(line: BulkLine): ReadyLine<BulkLine> {
  const idempotentKey = line.idempotentKey ?? randomUUID();
  return { input: line, text: JSON.stringify({ ...line, idempotentKey }), dialogId: dialogOf(line), idempotentKey };
}

/**
 * The dialog that a line is about, as far as it says. Ids may be in any casing, and so may the members of a body, of which
 * the last of a name counts.
 */
export function dialogOf({ dialogId, body }: { dialogId?: unknown; body?: unknown }): string | undefined {
  if (typeof dialogId === 'string') return dialogId.toLowerCase();
  if (typeof body !== 'object' || body === null) return undefined;
  const id: unknown = Object.entries(body).findLast(([name]) => name.toLowerCase() === 'id')?.[1];
  return typeof id === 'string' ? id.toLowerCase() : undefined;
}
