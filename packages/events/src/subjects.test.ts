import { cloudEventTypes } from '@dialog/contracts/cloud-event-type';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allEvents,
  ownerFilter,
  ownerSubject,
  partyFilter,
  partyKeyOf,
  partySubject,
  type Topic,
  type TopicFilter,
} from './subjects.ts';

const dialogId = '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e';
const topic: Topic = {
  org: 'ttd',
  serviceResource: 'urn:altinn:resource:super-simple-service',
  type: 'dialogporten.dialog.activity.form-submitted.v1',
  dialogId,
};
const partyKey = partyKeyOf('urn:altinn:organization:identifier-no:991825827', 'a secret');

/** Texts in which everything that NATS gives a meaning is frequent. */
const text = fc.string({ unit: fc.oneof(fc.constantFrom('.', '*', '>', ' ', '%', '\t', '\0', 'é'), fc.string()) });
const topics: fc.Arbitrary<Topic> = fc
  .record({ org: text, serviceResource: text, type: fc.constantFrom(...cloudEventTypes), dialogId: text })
  .map((made) => ({ ...made, serviceResource: `urn:altinn:resource:${made.serviceResource}` }));

/** NATS' own rule: `*` stands for one token, `>` for one or more at the end. */
function matches(filter: string, subject: string): boolean {
  const [wanted, given] = [filter.split('.'), subject.split('.')];
  const open = wanted.at(-1) === '>';
  if (open ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every((part, index) => part === '*' || part === '>' || part === given[index]);
}

describe('subjects', () => {
  it('read as the architecture says', () => {
    expect(ownerSubject(topic)).toBe(
      `dialogporten.events.v1.owner.ttd.super-simple-service.activity-form-submitted.${dialogId}`,
    );
    expect(partySubject('0f', topic)).toBe(
      `dialogporten.events.v1.party.0f.ttd.super-simple-service.activity-form-submitted.${dialogId}`,
    );
    expect(ownerSubject({ ...topic, org: '', serviceResource: 'urn:altinn:resource:a.b *>%é' })).toContain(
      '.owner.%.a%2Eb%20%2A%3E%25%C3%A9.',
    );
  });

  it('name each type of event by a token of its own', () => {
    const tokens = cloudEventTypes.map((type) => ownerSubject({ ...topic, type }).split('.')[6]);
    expect(new Set(tokens).size).toBe(cloudEventTypes.length);
    expect(tokens).toEqual(expect.arrayContaining(['created', 'updated', 'transmission-created', 'activity-created']));
  });

  it('have one token for each part, whatever is in it', () => {
    fc.assert(
      fc.property(topics, (any) => {
        const tokens = ownerSubject(any).split('.');
        expect(tokens).toHaveLength(8);
        for (const part of tokens) expect(part).toMatch(/^[A-Za-z0-9_~%-]+$/);
        expect(partySubject(partyKey, any).split('.')).toHaveLength(9);
      }),
    );
  });

  it('differ when anything differs', () => {
    fc.assert(
      fc.property(topics, topics, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(ownerSubject(one)).not.toBe(ownerSubject(other));
      }),
    );
  });
});

describe('filters', () => {
  it('are as short as they can be', () => {
    expect(ownerFilter({ org: 'ttd' })).toBe('dialogporten.events.v1.owner.ttd.>');
    expect(ownerFilter({ org: 'ttd', type: 'dialogporten.dialog.created.v1' })).toBe(
      'dialogporten.events.v1.owner.ttd.*.created.>',
    );
    expect(ownerFilter({ org: 'ttd', dialogId })).toBe(`dialogporten.events.v1.owner.ttd.*.*.${dialogId}`);
    expect(partyFilter('0f')).toBe('dialogporten.events.v1.party.0f.>');
    expect(partyFilter('0f', { org: 'ttd', serviceResource: 'urn:altinn:resource:r' })).toBe(
      'dialogporten.events.v1.party.0f.ttd.r.>',
    );
  });

  it('match the subjects that have what they name, and no others', () => {
    const filters: fc.Arbitrary<(of: Topic) => TopicFilter & { org: string }> = fc
      .record({ serviceResource: fc.boolean(), type: fc.boolean(), dialogId: fc.boolean() })
      .map((named) => (of) => ({
        org: of.org,
        ...(named.serviceResource && { serviceResource: of.serviceResource }),
        ...(named.type && { type: of.type }),
        ...(named.dialogId && { dialogId: of.dialogId }),
      }));
    // Half of the pairs agree in a part, or else hardly any filter would match.
    const pairs = fc.tuple(
      topics,
      topics,
      fc.record({ org: fc.boolean(), type: fc.boolean(), dialogId: fc.boolean() }),
    );
    fc.assert(
      fc.property(pairs, filters, ([one, two, same], filterOf) => {
        const other: Topic = {
          org: same.org ? one.org : two.org,
          serviceResource: two.serviceResource,
          type: same.type ? one.type : two.type,
          dialogId: same.dialogId ? one.dialogId : two.dialogId,
        };
        const filter = filterOf(one);
        const wanted = Object.entries(filter).every(([name, value]) =>
          Object.entries(other).some(([otherName, otherValue]) => otherName === name && otherValue === value),
        );
        expect(matches(ownerFilter(filter), ownerSubject(one))).toBe(true);
        expect(matches(ownerFilter(filter), ownerSubject(other))).toBe(wanted);
        expect(matches(partyFilter(partyKey, filter), partySubject(partyKey, other))).toBe(wanted);
        // The trees are apart, whatever they are asked for.
        expect(matches(ownerFilter(filter), partySubject(partyKey, one))).toBe(false);
        expect(matches(partyFilter(partyKey, filter), ownerSubject(one))).toBe(false);
        expect(matches(allEvents, ownerSubject(one)) && matches(allEvents, partySubject(partyKey, one))).toBe(true);
      }),
    );
  });
});

describe('the key of a party', () => {
  it('is 128 bits of an HMAC-SHA256 in hex', () => {
    // RFC 4231, test case 2, cut to 128 bits.
    expect(partyKeyOf('what do ya want for nothing?', 'Jefe')).toBe('5bdcc146bf60754e6a042426089575c7');
  });

  it('tells neither the party nor, with another secret, the same', () => {
    const party = 'urn:altinn:person:identifier-no:07837399275';
    expect(partyKeyOf(party, 'one')).toMatch(/^[0-9a-f]{32}$/);
    expect(partyKeyOf(party, 'one')).not.toBe(partyKeyOf(party, 'other'));
    expect(partyKeyOf(party, 'one')).not.toBe(partyKeyOf('urn:altinn:person:identifier-no:07837399276', 'one'));
  });
});
