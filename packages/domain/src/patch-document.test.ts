import type { JsonPatch } from '@dialog/contracts/json-patch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import type { Outcome } from './outcome.ts';
import { applyPatch } from './patch-document.ts';
import { contextAt, createDialog, id, patchDialog } from './testing/examples.ts';
import { given } from './testing/given.ts';

const url = { id: id(21), url: 'https://ttd.example/a.pdf', mediaType: null, consumerType: 'Gui' as const };
const attachment = { id: id(20), displayName: null, name: 'a.pdf', urls: [url], expiresAt: null };
const newUrl = { url: 'https://ttd.example/b.pdf', consumerType: 'Gui' };
const transmission = {
  type: 'Request',
  sender: { actorType: 'ServiceOwner' },
  content: { title: { value: [{ languageCode: 'nb', value: 'Hei' }] } },
};
const live = createDialog({ attachments: [attachment], searchTags: ['bygg', 'tomt'] });

function patched(patch: JsonPatch) {
  return given(live).when(patchDialog(patch)).thenChanged();
}

describe('a pointer', () => {
  it('names members in any casing, also of what the patch itself adds', () => {
    const { dialog } = patched([
      { op: 'add', path: '/ATTACHMENTS/-', value: { NAME: 'b.pdf', Urls: [newUrl] } },
      { op: 'replace', path: '/attachments/1/name', value: 'c.pdf' },
      { op: 'add', path: '/Attachments/1/URLS/0', value: { ...newUrl, URL: 'https://ttd.example/c.pdf' } },
    ]);
    expect(dialog.attachments[1]).toMatchObject({
      name: 'c.pdf',
      urls: [{ url: 'https://ttd.example/c.pdf' }, newUrl],
    });
  });

  it.each([
    ['an immutable member', { op: 'add', path: '/party', value: 'urn:x' }],
    ['visibleFrom', { op: 'add', path: '/visibleFrom', value: '2099-01-01T00:00:00Z' }],
    ['a member that no body has', { op: 'add', path: '/colour', value: 'red' }],
    ['such a member deep inside', { op: 'add', path: '/content/title/colour', value: 'red' }],
    ['what every object inherits', { op: 'replace', path: '/toString', value: 'x' }],
    ['a constructor', { op: 'replace', path: '/constructor', value: {} }],
    ['a prototype', { op: 'add', path: '/prototype', value: {} }],
    ['__proto__', { op: 'add', path: '/__proto__', value: { status: 'Completed' } }],
    ['an index behind the end', { op: 'add', path: '/searchTags/3', value: { value: 'nye' } }],
    ['an index that is beyond 32 bits', { op: 'add', path: '/searchTags/4294967296', value: { value: 'nye' } }],
    ['an index with a leading zero', { op: 'replace', path: '/searchTags/01', value: { value: 'nye' } }],
    ['a negative index', { op: 'replace', path: '/searchTags/-1', value: { value: 'nye' } }],
    ['the length of a list', { op: 'replace', path: '/searchTags/length', value: 0 }],
    ['behind the end, to remove it', { op: 'remove', path: '/searchTags/-' }],
    ['into a text', { op: 'add', path: '/status/0', value: 'x' }],
    ['into nothing', { op: 'add', path: '/content/summary/value/-', value: { languageCode: 'nb', value: 'x' } }],
    ['from where nothing is', { op: 'copy', from: '/attachments/7', path: '/attachments/-' }],
    ['from the whole document', { op: 'move', from: '', path: '/attachments/-' }],
    ['into what is moved', { op: 'move', from: '/attachments/0', path: '/attachments/0/urls/-' }],
    ['to a member by a path without an object', { op: 'test', path: '/progress/x', value: 1 }],
  ] as const)('does not lead to %s', (_, operation) => {
    given(live)
      .when(patchDialog([operation]))
      .thenRejectedFor(400, 'UpdateDialogDto');
  });
});

it('tells a test that does not hold from what cannot be done', () => {
  expect(applyPatch({ status: 'Draft' }, [{ op: 'test', path: '/status', value: 'Completed' }])).toEqual({
    ok: false,
    reason: 'Operation 0 (test /status): the value is another.',
  });
});

describe('a member without a value', () => {
  it('is there, as null', () => {
    const { dialog } = patched([
      { op: 'test', path: '/progress', value: null },
      { op: 'replace', path: '/progress', value: 5 },
      { op: 'remove', path: '/externalReference' },
      { op: 'replace', path: '/externalReference', value: 'case-1' },
    ]);
    expect(dialog).toMatchObject({ progress: 5, externalReference: 'case-1' });
  });

  it('can be removed twice', () => {
    given(live)
      .when(
        patchDialog([
          { op: 'remove', path: '/progress' },
          { op: 'remove', path: '/progress' },
        ]),
      )
      .thenUnchanged();
  });

  it('is a list without items, to what is added to it', () => {
    const { dialog } = patched([
      { op: 'remove', path: '/searchTags' },
      { op: 'add', path: '/searchTags/-', value: { value: 'nye' } },
      { op: 'add', path: '/attachments/0/displayName/-', value: { languageCode: 'nb', value: 'Tegning' } },
    ]);
    expect(dialog.searchTags).toEqual(['nye']);
    expect(dialog.attachments[0]?.displayName).toEqual([{ languageCode: 'nb', value: 'Tegning' }]);
  });

  it('cannot be left behind where one is required', () => {
    given(live)
      .when(patchDialog([{ op: 'remove', path: '/status' }]))
      .thenRejectedFor(400, 'dto.status');
    given(live)
      .when(patchDialog([{ op: 'remove', path: '/content/title' }]))
      .thenRejectedFor(400, 'dto.content');
  });
});

it('moves and copies', () => {
  const { dialog, transmissions } = patched([
    { op: 'move', from: '/searchTags/1', path: '/searchTags/0' },
    { op: 'copy', from: '/content/title', path: '/content/summary' },
    { op: 'add', path: '/transmissions/-', value: transmission },
    { op: 'copy', from: '/transmissions/0', path: '/transmissions/-' },
  ]);
  expect(dialog.content?.summary).toEqual(dialog.content?.title);
  expect(transmissions).toHaveLength(2);
});

it('may be decided again: a command stays as it was sent', () => {
  const command = patchDialog([
    { op: 'add', path: '/attachments/-', value: { urls: [newUrl] } },
    { op: 'add', path: '/attachments/1/urls/-', value: newUrl },
  ]);
  const before = structuredClone(command);
  const { state } = given(live);
  const attachmentsOf = (outcome: Outcome) => outcome.kind === 'applied' && outcome.changes[0]?.dialog.attachments;
  const first = decide(state, command, contextAt());
  expect(command).toEqual(before);
  expect(attachmentsOf(decide(state, command, contextAt()))).toEqual(attachmentsOf(first));
});

describe('any patch', () => {
  const token = fc.constantFrom(
    ...[
      'status',
      'STATUS',
      'content',
      'title',
      'value',
      'searchTags',
      'attachments',
      'urls',
      'displayName',
      'progress',
    ],
    ...[
      'transmissions',
      'sender',
      'actorId',
      'guiActions',
      'id',
      'name',
      '-',
      '0',
      '1',
      '2',
      '~0',
      '~1',
      '__proto__',
      '',
    ],
  );
  const pointer = fc.array(token, { maxLength: 5 }).map((tokens) => tokens.map((one) => `/${one}`).join(''));
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<NonNullable<unknown> | null>(
      { urls: [newUrl] },
      newUrl,
      transmission,
      { value: 'nye' },
      [],
      null,
      'Draft',
      id(90),
    ),
  );
  const operation = fc.oneof<fc.Arbitrary<JsonPatch[number]>[]>(
    fc.record({ op: fc.constant('add'), path: pointer, value }),
    fc.record({ op: fc.constant('replace'), path: pointer, value }),
    fc.record({ op: fc.constant('test'), path: pointer, value }),
    fc.record({ op: fc.constant('remove'), path: pointer }),
    fc.record({ op: fc.constant('move'), path: pointer, from: pointer }),
    fc.record({ op: fc.constant('copy'), path: pointer, from: pointer }),
  );
  const { state } = given(live);

  it('is applied or refused with a reason, and can be decided again', () =>
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 6 }), (patch) => {
        const command = patchDialog(structuredClone(patch));
        const before = structuredClone({ command, state });
        const first = decide(state, command, contextAt());
        expect({ command, state }).toEqual(before);
        const second = decide(state, command, contextAt());
        expect(second.kind).toBe(first.kind);
        if (first.kind === 'rejected') expect(second).toEqual(first);
        expect(Object.getPrototypeOf({})).toBe(Object.prototype);
        expect({}).not.toHaveProperty('value');
      }),
      { numRuns: 2_000 },
    ));

  it('leads to what its operations say, where RFC 6902 has nothing to add', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 8 }), (picks) => {
        const tags = ['a-tag', 'b-tag'];
        const model = [...tags];
        const patch = picks.map((pick, step): JsonPatch[number] => {
          const fresh = { value: `new-tag-${step}` };
          const last = model.length - 1;
          if (pick === 0 || last < 1) {
            model.push(fresh.value);
            return { op: 'add', path: '/searchTags/-', value: fresh };
          }
          if (pick === 1) {
            model.splice(1, 0, fresh.value);
            return { op: 'add', path: '/searchTags/1', value: fresh };
          }
          if (pick === 2) {
            model.splice(last, 1);
            return { op: 'remove', path: `/searchTags/${last}` };
          }
          if (pick === 3) {
            model.splice(0, 1, fresh.value);
            return { op: 'replace', path: '/searchTags/0', value: fresh };
          }
          model.splice(last, 0, ...model.splice(0, 1));
          return { op: 'move', from: '/searchTags/0', path: `/searchTags/${last}` };
        });
        const document = { searchTags: tags.map((one) => ({ value: one })) };
        expect(applyPatch(document, patch)).toEqual({ ok: true });
        expect(document.searchTags.map((tag) => tag.value)).toEqual(model);
      }),
    ));
});

describe('what nobody has looked up', () => {
  const anId = id(70);
  const withTexts = createDialog({
    externalReference: 'urn:altinn:resource:theirs',
    extendedStatus: anId,
    attachments: [attachment],
    guiActions: [
      {
        ...{ id: id(40), action: 'read', url: 'https://ttd.example', httpMethod: 'GET', priority: 'Primary' },
        ...{ title: [{ languageCode: 'nb', value: 'Les' }], prompt: null, isDeleteDialogAction: false },
        authorizationAttribute: 'urn:altinn:resource:ours',
      },
    ],
  });
  const added = { op: 'add', path: '/transmissions/-', value: transmission } as const;

  it.each([
    ['a resource', [{ op: 'copy', from: '/externalReference', path: '/guiActions/0/authorizationAttribute' }]],
    [
      'a resource',
      [added, { op: 'move', from: '/externalReference', path: '/transmissions/0/authorizationAttribute' }],
    ],
    ['an id', [added, { op: 'copy', from: '/extendedStatus', path: '/transmissions/0/id' }]],
    ['an id', [{ op: 'copy', from: '/extendedStatus', path: '/attachments/0/urls/0/id' }]],
    [
      'an attachment',
      [
        { ...added, value: { ...transmission, attachments: [] } },
        { op: 'copy', from: '/attachments/0', path: '/transmissions/0/attachments/-' },
      ],
    ],
    [
      'a key',
      [
        { op: 'replace', path: '/externalReference', value: 'key-1' },
        added,
        { op: 'copy', from: '/externalReference', path: '/transmissions/0/idempotentKey' },
      ],
    ],
  ] as const)('cannot be put where it counts: %s', (_, patch) => {
    given(withTexts)
      .when(patchDialog(structuredClone([...patch])))
      .thenRejectedFor(400, 'UpdateDialogDto');
  });

  it.each([
    ['stays', [{ op: 'replace', path: '/guiActions/0/action', value: 'write' }]],
    ['moves', [{ op: 'move', from: '/attachments/0/name', path: '/externalReference' }]],
    ['is written', [{ ...added, value: { ...transmission, id: id(71), idempotentKey: 'key-1' } }]],
    [
      'is written at its member',
      [
        added,
        { op: 'add', path: '/transmissions/0/id', value: id(72) },
        { op: 'add', path: '/transmissions/0/idempotentKey', value: 'key-2' },
        { op: 'add', path: '/transmissions/0/authorizationAttribute', value: 'urn:altinn:resource:OURS' },
      ],
    ],
  ] as const)('does not stop what %s', (_, patch) => {
    given(withTexts)
      .when(patchDialog(structuredClone([...patch])))
      .thenChanged();
  });
});

it('lets a dialog grow no larger than a PUT could make it', () => {
  const urls = Array.from({ length: 20_000 }, () => ({ ...newUrl, url: `https://ttd.example/${'x'.repeat(990)}` }));
  const patch: JsonPatch = [{ op: 'add', path: '/attachments/-', value: { urls } }];
  const document = { attachments: [] };
  expect(applyPatch(document, [{ op: 'add', path: '/attachments/-', value: { urls: urls.slice(0, 10_000) } }])).toEqual(
    {
      ok: true,
    },
  );
  expect(applyPatch(document, patch)).toMatchObject({ ok: false });
});

it('does not copy a large document for every operation', () => {
  const texts = Array.from({ length: 20_000 }, (_, index) => ({ value: `a-tag-${index}` }));
  const document = { searchTags: texts, attachments: [structuredClone(attachment)], guiActions: [] };
  const there = { op: 'move', from: '/attachments/0/name', path: '/externalReference' } as const;
  const back = { op: 'move', from: '/externalReference', path: '/attachments/0/name' } as const;
  const startedAt = performance.now();
  expect(applyPatch(document, Array.from({ length: 5_000 }, () => [there, back]).flat())).toEqual({ ok: true });
  // Copying the tags ten thousand times would take a minute.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(document.attachments[0]).toEqual(attachment);
});
