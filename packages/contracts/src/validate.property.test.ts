import fc from 'fast-check';
import { expect, it } from 'vitest';
import { attachment, dialog, fullDialog, idAt, ordinary, person, readValue, serviceOwner } from './testing/bodies.ts';
import {
  type Validated,
  validateActivity,
  validateCreateDialog,
  validateJsonPatch,
  validateTransmission,
  validateUpdateDialog,
} from './validate.ts';

const everything = { ...ordinary, rights: { admin: true, correspondence: true, legacyHtml: true } };
const update = { ...everything, stored: null };

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What JSON makes of a value. */
function json(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}

/** The places in a value, as paths. */
function placesIn(value: Json): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  const members: [string | number, Json][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [[], ...members.flatMap(([name, member]) => placesIn(member).map((place) => [name, ...place]))];
}

function replaced(value: Json, [name, ...rest]: (string | number)[], by: Json): Json {
  if (name === undefined) return by;
  if (Array.isArray(value)) return value.map((item, index) => (index === name ? replaced(item, rest, by) : item));
  if (typeof value !== 'object' || value === null) return value;
  return { ...value, [name]: replaced(value[name] ?? null, rest, by) };
}

function renamed(value: Json, rename: (name: string) => string): Json {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [rename(name), renamed(member, rename)]));
}

/** Writes a normal form as a request: what is null is left out, words go into objects. */
function asRequest(value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { serviceOwnerLabels, searchTags, ...rest } = value;
  const words = (list: Json | undefined) => (Array.isArray(list) ? list.map((word) => ({ value: word })) : []);
  return withoutNulls({
    ...rest,
    searchTags: words(searchTags),
    serviceOwnerContext: { serviceOwnerLabels: words(serviceOwnerLabels) },
  });
}

function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

/** Any JSON, or a request in which one place holds any JSON. */
const place = fc.constantFrom(...placesIn(json(fullDialog)));
const anyJson = fc.jsonValue({ maxDepth: 4 }).map(json);
const almostDialog = fc.tuple(place, anyJson).map(([at, value]) => replaced(json(fullDialog), at, value));
const anyBody = fc.oneof(anyJson, almostDialog);

it('never throws, whatever the JSON, and tells what is wrong or nothing', () => {
  fc.assert(
    fc.property(anyBody, (body) => {
      for (const validated of [
        validateCreateDialog(body, everything),
        validateUpdateDialog(body, update),
        validateUpdateDialog(body, { ...update, nullAsEmptyList: true }),
        validateTransmission(body, everything),
        validateActivity(body, everything),
        validateJsonPatch(body),
      ]) {
        if (validated.ok) continue;
        const messages = Object.values(validated.errors);
        expect(messages.length).toBeGreaterThan(0);
        expect(messages.every((list) => list.length > 0 && list.every((text) => text !== ''))).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

/** Text that Postgres, URLs or regular expressions may stumble over; some of it is as long as a body allows. */
const hostileText = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        '\0',
        '\ud800',
        '\udc00',
        '🙈',
        ' ',
        '\n',
        '\ufeff',
        'urn:',
        'https://',
        '-',
        'a',
        '1',
        '<p>',
        '&',
      ),
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(
      fc.constantFrom('https://a.no/', 'urn:altinn:', '', '<a href="', '{'),
      fc.constantFrom('a', ' ', '-a', '<', '@a.', '_'),
    )
    .map(([start, unit]) => start + unit.repeat(500_000 / unit.length)),
  fc.constantFrom('__proto__', 'constructor', 'toString', '1e400', '0001-01-01T00:00:00Z', '+275760-09-13T00:00:00Z'),
);
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.double(),
  fc.constantFrom<unknown>(
    [],
    {},
    [[]],
    [null],
    JSON.parse('{"__proto__":{"value":1},"value":"x"}'),
    JSON.parse('1e400'),
  ),
);

/** Each body with one place in it that holds something hostile, and what reads such a body. */
const bodies: [json: Json, read: (body: unknown) => Validated<unknown>][] = [
  [json(fullDialog), (body) => validateCreateDialog(body, everything)],
  [
    json({ ...fullDialog, status: 'Draft' }),
    (body) => validateUpdateDialog(body, { ...update, nullAsEmptyList: true }),
  ],
  [json(fullDialog.transmissions[0]), (body) => validateTransmission(body, everything)],
  [json(fullDialog.activities[2]), (body) => validateActivity(body, everything)],
  [json([{ op: 'add', path: '/content', value: fullDialog.content }]), validateJsonPatch],
];
const almostBody = fc
  .constantFrom(...bodies)
  .chain(([body, read]) =>
    fc
      .tuple(fc.constantFrom(...placesIn(body)), hostile)
      .map(([at, value]) => ({ body: replacedByAny(body, at, value), read })),
  );

function replacedByAny(value: Json, path: (string | number)[], by: unknown): unknown {
  const marker = 'the place';
  return JSON.parse(JSON.stringify(replaced(value, path, marker)), (_, member) => (member === marker ? by : member));
}

/** Whether JSON and Postgres keep every part of a value. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isStorable);
}

it('accepts nothing that cannot be stored, and takes no longer for it than for anything else', () => {
  fc.assert(
    fc.property(almostBody, ({ body, read }) => {
      const startedAt = performance.now();
      const validated = read(body);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      if (validated.ok) expect(isStorable(validated.value)).toBe(true);
      else expect(Object.keys(validated.errors).length).toBeGreaterThan(0);
    }),
    { numRuns: 1_000 },
  );
});

it('does not change what it reads', () => {
  fc.assert(
    fc.property(anyBody, (body) => {
      const before = structuredClone(body);
      validateCreateDialog(body, everything);
      validateUpdateDialog(body, { ...update, nullAsEmptyList: true });
      expect(body).toEqual(before);
    }),
  );
});

it('gives one answer however the names are cased', () => {
  fc.assert(
    fc.property(almostDialog, fc.infiniteStream(fc.boolean()), (body, upper) => {
      const casing = (name: string) =>
        [...name].map((letter) => (upper.next().value ? letter.toUpperCase() : letter)).join('');
      expect(validateCreateDialog(renamed(body, casing), everything)).toEqual(validateCreateDialog(body, everything));
    }),
  );
});

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => value.trim() !== '');
const texts = fc
  .uniqueArray(fc.constantFrom('nb', 'EN', 'nn_NO', 'se', ' fi'), { minLength: 1 })
  .chain((codes) =>
    fc.tuple(...codes.map((languageCode) => fc.record({ languageCode: fc.constant(languageCode), value: text }))),
  );
const instant = fc
  .date({ min: new Date('2027-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const url = fc.constantFrom('https://Example.com', 'https://example.com:443/a b', 'HTTPS://example.com/æ?ø=å');
const id = fc.integer({ min: 1, max: 1_000_000 }).map((count) => idAt('2026-11-22T09:00:00Z', count).toUpperCase());
const optional = { requiredKeys: [] };

const validDialog = fc
  .record(
    {
      id,
      idempotentKey: fc
        .string({ minLength: 3, maxLength: 36 })
        .filter((key) => key.isWellFormed() && !key.includes('\0')),
      progress: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }).map(String)),
      status: fc.constantFrom('new', 'SENT', 2, '3', 'RequiresAttention', null),
      systemLabel: fc.constantFrom('bin', 3, 'Default', null),
      expiresAt: instant,
      createdAt: fc.constantFrom('2026-01-01T00:00:00.1234567+01:00', '0001-01-01T00:00:00Z', null),
      process: fc.constantFrom('urn:a:b', 'HTTPS://Example.com', 'a/b', null),
      content: fc.record(
        {
          title: fc.record({ value: texts }),
          summary: fc.record({ mediaType: fc.constant('text/plain'), value: texts }),
          additionalInfo: fc.record({ mediaType: fc.constant('text/markdown'), value: texts }),
        },
        { requiredKeys: ['title'] },
      ),
      searchTags: fc
        .uniqueArray(fc.constantFrom(' Oslo', 'bygg', 'Sak 1 '))
        .map((tags) => tags.map((value) => ({ value }))),
      serviceOwnerContext: fc.constantFrom(null, { serviceOwnerLabels: [{ value: ' B-label' }, { value: 'a-label' }] }),
      attachments: fc.array(
        fc.record(
          {
            ...attachment,
            displayName: texts,
            expiresAt: instant,
            urls: fc.tuple(fc.record({ url, consumerType: fc.constantFrom(1, 'API') })),
          },
          { requiredKeys: ['urls'] },
        ),
        { maxLength: 2 },
      ),
      transmissions: fc.array(
        fc.record({
          type: fc.constantFrom(1, 'submission'),
          sender: fc.constantFrom<unknown>(serviceOwner, { actorType: 1, actorId: person.toUpperCase() }),
          content: fc.record({ title: fc.record({ value: texts }) }),
          navigationalActions: fc.array(fc.record({ title: texts, url }), { maxLength: 1 }),
        }),
        { maxLength: 2 },
      ),
      guiActions: fc.tuple(
        fc.record({ action: text, url, priority: fc.constantFrom(1, 'tertiary'), title: texts, prompt: texts }),
      ),
      activities: fc.array(
        fc.record({ type: fc.constant('information'), performedBy: fc.constant(serviceOwner), description: texts }),
        { maxLength: 2 },
      ),
    },
    optional,
  )
  .map((members) => ({ ...dialog, ...members }));

it('leaves a normal form as it is', () => {
  fc.assert(
    fc.property(validDialog, (body) => {
      const value = readValue(validateCreateDialog(body, everything));
      const again = validateCreateDialog(asRequest(json(value)), everything);
      expect(readValue(again)).toEqual(value);
    }),
    { numRuns: 300 },
  );
});

it('leaves the normal forms of an update, a transmission and an activity as they are', () => {
  fc.assert(
    fc.property(validDialog, (body) => {
      const updated = readValue(validateUpdateDialog({ ...body, status: 'Draft' }, update));
      const { serviceOwnerContext: _, ...again } = Object(asRequest(json(updated)));
      expect(readValue(validateUpdateDialog(again, update))).toEqual(updated);
      for (const transmission of updated.transmissions) {
        expect(readValue(validateTransmission(withoutNulls(json(transmission)), everything))).toEqual(transmission);
      }
      for (const activity of updated.activities) {
        expect(readValue(validateActivity(withoutNulls(json(activity)), everything))).toEqual(activity);
      }
    }),
  );
});

it('reads a dialog that was read as a create as an update as well', () => {
  fc.assert(
    fc.property(validDialog, (body) => {
      const created = readValue(validateCreateDialog({ ...body, status: 'Draft' }, everything));
      const updated = readValue(validateUpdateDialog({ ...body, status: 'Draft' }, update));
      expect(created).toMatchObject(updated);
    }),
  );
});
