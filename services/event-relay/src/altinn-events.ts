import { type DialogChange, dialogChange } from '@dialog/contracts/dialog-event';
import { cloudEventOf } from '@dialog/events/cloud-event';

/** Under which name the forwarder's cursors, held back rows and refusals are kept. All forwarders share them. */
export const reader = 'altinn-events';

/** What Altinn Events is to get of a change, in order. */
export type AltinnChange = {
  dialogId: string;
  occurredAt: DialogChange['occurredAt'];
  /** `text` is the CloudEvent in its JSON form. */
  events: readonly { id: string; text: string }[];
};

/**
 * The events of a change as Altinn Events gets them: all of them, at once, whatever dates the dialog has (service owner
 * API, section 38.3). These are the ones that the service owner gets.
 *
 * Those for the party alone are not among them. They are what is told when a date passes: that a dialog is expired, which
 * Altinn is never told, and what was withheld from the party until it could see the dialog, which Altinn has had before,
 * under the same ids.
 *
 * @throws for what is no change, and for an event that has no CloudEvents type
 */
export function altinnChangeOf(text: string, publicUrl: string): AltinnChange {
  const change = dialogChange.parse(JSON.parse(text));
  const events = change.events
    .filter(({ audiences }) => audiences.includes('owner'))
    .map((event) => ({ id: event.id, text: JSON.stringify(cloudEventOf(change, event, publicUrl)) }));
  return { dialogId: change.dialogId, occurredAt: change.occurredAt, events };
}
