import type { ServiceResourceMetadata } from '@dialog/contracts/metadata-view';
import { describe, expect, it } from 'vitest';
import { metadataIn, serviceResourceMetadata } from './service-resource-metadata.ts';

type Names = Record<string, string>;

function localizations(names: Names) {
  return Object.entries(names).map(([languageCode, value]) => ({ languageCode, value }));
}

function item(id: string, names: Names, roles: Names[] = []): ServiceResourceMetadata {
  const named = (texts: Names) => ({ name: localizations(texts), links: { metadata: 'https://example.com' } });
  return {
    serviceResource: {
      ...{ id, resourceType: 'altinnapp', status: 'completed', isDelegable: true, minimumAuthenticationLevel: 3 },
      ...named(names),
    },
    roles: roles.map((texts, at) => ({ urn: `urn:altinn:rolecode:${at}`, ...named(texts) })),
    accessPackages: [],
    serviceOwner: { orgNumber: '310001007', code: 'ttd', name: localizations({ nb: 'Departement', en: 'Ministry' }) },
  };
}

const ids = (items: readonly ServiceResourceMetadata[]) => items.map(({ serviceResource }) => serviceResource.id);

describe('a list of services', () => {
  it('is in the order of names, whatever their case, and of ids where names are the same', () => {
    const items = [
      item('z', { en: 'ånd', nb: 'Ånd' }),
      item('b', { nb: 'same' }),
      item('A', { nb: 'SAME' }),
      item('e', { en: 'Apple', nn: 'Zulu' }),
      item('n', { nn: 'aardvark' }),
      item('x', {}),
    ];
    expect(ids(metadataIn(null, items))).toEqual(['x', 'e', 'A', 'b', 'z', 'n']);
  });

  it('is in the order of the names that are shown', () => {
    const items = [item('1', { nb: 'A', en: 'Z' }), item('2', { nb: 'B', en: 'Y' })];
    expect(ids(metadataIn(null, items))).toEqual(['1', '2']);
    expect(ids(metadataIn(['en', 'nb'], items))).toEqual(['2', '1']);
  });

  it('has all names in the language of the reader, and roles in their order', () => {
    const [shown] = metadataIn(
      ['en'],
      [item('1', { nb: 'B', en: 'A' }, [{ en: 'Owner' }, { nb: 'Eier', en: 'Chair' }])],
    );
    expect(shown?.serviceResource.name).toEqual(localizations({ en: 'A' }));
    expect(shown?.serviceOwner.name).toEqual(localizations({ en: 'Ministry' }));
    expect(shown?.roles.map(({ name }) => name)).toEqual([
      localizations({ en: 'Chair' }),
      localizations({ en: 'Owner' }),
    ]);
  });
});

describe('a service for people', () => {
  const named = (urn: string) => ({ urn, names: new Map(), metadata: `about ${urn}` });
  const deps = {
    resources: { resource: async () => undefined, pageOf: (id: string) => `page of ${id}` },
    organisations: { organisation: async () => undefined },
    authenticationLevels: { minimumLevelOf: async () => undefined },
    subjectResources: {
      table: async () => ({
        resourcesOf: new Map(),
        subjectsOf: new Map([['urn:altinn:resource:old', new Set(['role:a', 'role:A', 'role:b', 'role:c'])]]),
      }),
    },
    roles: {
      bySubject: async () =>
        new Map([
          ['role:a', named('role:Same')],
          ['role:b', named('role:same')],
          ['role:c', named('role:other')],
        ]),
    },
    accessPackages: { bySubject: async () => new Map() },
  };

  it('is there without what the registry no longer knows of it, and has each role once', async () => {
    expect(await serviceResourceMetadata(deps, ['urn:altinn:resource:old'])).toEqual([
      {
        serviceResource: {
          ...{ id: 'old', resourceType: '', status: '', isDelegable: false, minimumAuthenticationLevel: 3 },
          ...{ name: [{ languageCode: 'nb', value: 'old' }], links: { metadata: 'page of old' } },
        },
        roles: [
          expect.objectContaining({ urn: expect.stringMatching(/^role:same$/i) }),
          expect.objectContaining({ urn: 'role:other', name: [{ languageCode: 'nb', value: 'role:other' }] }),
        ],
        accessPackages: [],
        serviceOwner: { orgNumber: '', code: '', name: [] },
      },
    ]);
  });
});
