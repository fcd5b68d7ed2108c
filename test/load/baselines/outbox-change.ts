import type { Command } from '@dialog/contracts/commands';
import type { DialogChange } from '@dialog/contracts/dialog-event';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Change } from '@dialog/domain/outcome';

/** What a change leaves in the baselines' outbox: as much as in ours, as JSON. */
export function outboxChange(
  { traceparent }: Pick<Command, 'traceparent'>,
  { dialog, events }: Pick<Change, 'dialog' | 'events'>,
  occurredAt: Timestamp,
): string {
  const { id: dialogId, revision, org, party, serviceResource, process, precedingProcess } = dialog;
  const facts = { dialogId, revision, org, party, serviceResource, process, precedingProcess };
  const change: DialogChange = { ...facts, occurredAt, traceparent, events };
  return JSON.stringify(change);
}
