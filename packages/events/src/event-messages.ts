import type { Audience, DialogChange } from '@dialog/contracts/dialog-event';
import { cloudEventOf } from './cloud-event.ts';
import { traceparentForm } from './message-headers.ts';
import { ownerSubject, partyKeyOf, partySubject, type Topic } from './subjects.ts';

/** One event for one audience, ready to be published. */
export type EventMessage = {
  subject: string;
  /** Event and audience; JetStream drops what comes with the same id again. */
  messageId: string;
  /** The events of a dialog for an audience are in order; what has another key is not compared with them. */
  orderKey: string;
  /** The CloudEvent in its JSON form, UTF-8. The same for both audiences. */
  payload: Uint8Array;
  /** W3C trace context of the request that made the change. */
  traceparent: string | null;
};

export type MessageSettings = {
  /** Base address under which end users reach the service, without a slash at the end. */
  publicUrl: string;
  /** What the parties' keys are made with, see partyKeyOf. */
  partyKeySecret: string;
};

/**
 * The messages of a change in the order of its events, each event once for each of its audiences.
 *
 * @throws for an event that has no CloudEvents type
 */
export function eventMessagesOf(change: DialogChange, { publicUrl, partyKeySecret }: MessageSettings): EventMessage[] {
  const { dialogId, org, serviceResource } = change;
  // It comes from a request header, and goes into one.
  const traceparent =
    change.traceparent !== null && traceparentForm.test(change.traceparent) ? change.traceparent : null;
  const isForParty = change.events.some(({ audiences }) => audiences.includes('party'));
  const partyKey = isForParty ? partyKeyOf(change.party, partyKeySecret) : '';

  function subjectFor(audience: Audience, topic: Topic): string {
    switch (audience) {
      case 'owner':
        return ownerSubject(topic);
      case 'party':
        return partySubject(partyKey, topic);
    }
  }

  return change.events.flatMap((event) => {
    const cloudEvent = cloudEventOf(change, event, publicUrl);
    const payload = Buffer.from(JSON.stringify(cloudEvent));
    return event.audiences.map((audience) => ({
      subject: subjectFor(audience, { org, serviceResource, type: cloudEvent.type, dialogId }),
      messageId: `${event.id}.${audience}`,
      orderKey: `${dialogId}.${audience}`,
      payload,
      traceparent,
    }));
  });
}
