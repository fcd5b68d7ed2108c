import { describe, expect, it } from 'vitest';
import { eventMessagesOf } from './event-messages.ts';
import { partyKeyOf } from './subjects.ts';
import { activityCreated, changeOf, created, transmissionCreated } from './testing/changes.ts';

const settings = { publicUrl: 'https://dialog.example', partyKeySecret: 'a secret of some length' };

describe('the messages of a change', () => {
  it('are its events in order, each once for each of its audiences', () => {
    const change = changeOf([created, { ...transmissionCreated, audiences: ['owner'] }, activityCreated]);
    const messages = eventMessagesOf(change, settings);
    expect(messages.map(({ messageId }) => messageId)).toEqual([
      `${created.id}.owner`,
      `${created.id}.party`,
      `${transmissionCreated.id}.owner`,
      `${activityCreated.id}.owner`,
      `${activityCreated.id}.party`,
    ]);
    const partyTree = `dialogporten.events.v1.party.${partyKeyOf(change.party, settings.partyKeySecret)}.ttd.`;
    for (const { messageId, subject } of messages) {
      expect(subject.startsWith(partyTree)).toBe(messageId.endsWith('.party'));
    }
  });

  it('keep the party out of the subject', () => {
    const change = changeOf([created], { party: 'urn:altinn:person:identifier-no:07837399275' });
    for (const { subject } of eventMessagesOf(change, settings)) expect(subject).not.toContain('07837399275');
  });

  it.each([
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nNats-Rollup: all', false],
    ['', false],
  ])('carry the trace context %j if it is one', (traceparent, kept) => {
    const [message] = eventMessagesOf(changeOf([created], { traceparent }), settings);
    expect(message?.traceparent).toBe(kept ? traceparent : null);
  });
});
