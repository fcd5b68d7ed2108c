import { describe, expect, it } from 'vitest';
import { gatherFacts, namedInBody, namedInPatch } from './facts.ts';

const person = 'urn:altinn:person:identifier-no:01817030080';
const party = (actorId: string | null) => ({ actorType: 'PartyRepresentative', actorId, actorName: null }) as const;
const attributed = (authorizationAttribute: string | null) => ({ authorizationAttribute });

describe('what a payload names', () => {
  it('is found in every part of a body that can name something', () => {
    const named = namedInBody({
      guiActions: [attributed('urn:altinn:resource:A'), attributed('urn:altinn:subresource:no')],
      apiActions: [attributed('URN:altinn:resource:b'), attributed(null)],
      transmissions: [{ ...attributed('urn:altinn:resource:a'), sender: party(person) }],
      activities: [{ performedBy: party(person.toUpperCase()) }, { performedBy: party(null) }],
    });
    expect([...named.resources]).toEqual(['urn:altinn:resource:a', 'urn:altinn:resource:b']);
    expect([...named.actorIds]).toEqual([person]);
  });

  it('is found wherever a patch puts it', () => {
    const named = namedInPatch([
      { op: 'add', path: '/transmissions/-', value: { Sender: { ACTORID: person } } },
      { op: 'replace', path: '/transmissions/0/sender/actorId', value: 'urn:altinn:person:idporten-email:a@b.no' },
      { op: 'add', path: '/apiActions/0/authorizationAttribute', value: 'urn:altinn:resource:a' },
      { op: 'replace', path: '/guiActions', value: [{ authorizationAttribute: 'urn:altinn:resource:b' }] },
      { op: 'remove', path: '/attachments/0' },
      { op: 'add', path: '/externalReference', value: 'urn:altinn:resource:C' },
      { op: 'replace', path: '/transmissions/0/sender/actorId', value: 'nobody' },
    ]);
    // Also where it does not count yet: the next operation may copy it.
    expect([...named.resources].sort()).toEqual([
      'urn:altinn:resource:a',
      'urn:altinn:resource:b',
      'urn:altinn:resource:c',
    ]);
    expect([...named.actorIds]).toEqual([person, 'urn:altinn:person:idporten-email:a@b.no']);
  });

  it('is found in a value with very many members', () => {
    const value = Array.from({ length: 300_000 }, () => ({ actorId: person }));
    expect(namedInPatch([{ op: 'add', path: '/activities', value }]).actorIds.size).toBe(1);
  });
});

describe('facts', () => {
  const owned = new Map([['urn:altinn:resource:mine', '991825827']]);
  const resources = {
    resource: async (urn: string) => {
      const orgNumber = owned.get(urn) ?? '889640782';
      return urn.endsWith('unknown') ? undefined : { ...example, urn, orgNumber };
    },
  };
  const example = {
    ...{ type: 'genericaccessresource', org: 'ttd', status: '', delegable: true },
    ...{ title: new Map<string, string>(), description: new Map<string, string>() },
  };
  const partyNames = { nameOf: async (id: string) => (id === person ? 'Fisker Kari' : undefined) };
  const rights = { admin: false, correspondence: false, legacyHtml: false };
  const named = {
    resources: new Set(['urn:altinn:resource:mine', 'urn:altinn:resource:theirs', 'urn:altinn:resource:unknown']),
    actorIds: new Set([person, 'urn:altinn:organization:identifier-no:991825827']),
  };

  it('are the resources of others, and the names that are registered', async () => {
    const facts = await gatherFacts({ resources, partyNames }, { orgNumber: '991825827', rights }, named);
    expect(facts.notOwned).toEqual(['urn:altinn:resource:theirs', 'urn:altinn:resource:unknown']);
    expect(facts.actorNames).toEqual({ [person]: 'Fisker Kari' });
  });

  it('of an administrator are names only', async () => {
    const admin = { orgNumber: '991825827', rights: { ...rights, admin: true } };
    expect((await gatherFacts({ resources, partyNames }, admin, named)).notOwned).toEqual([]);
  });
});
