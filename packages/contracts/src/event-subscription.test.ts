import { describe, expect, it } from 'vitest';
import { validateOpenPartySubscription, validateOpenSubscription } from './validate.ts';

const party = 'urn:altinn:organization:identifier-no:991825827';

function keysOf(body: unknown): string[] {
  const validated = validateOpenSubscription(body);
  return validated.ok ? [] : Object.keys(validated.errors).sort();
}

describe('the body with which somebody subscribes', () => {
  it('needs a name, and an end user’s the party as well', () => {
    expect(validateOpenSubscription({ name: 'a' })).toEqual({
      ok: true,
      value: { name: 'a', from: null, filter: null },
    });
    expect(keysOf({})).toEqual(['name']);
    expect(validateOpenPartySubscription({ name: 'a' })).toMatchObject({
      ok: false,
      errors: { party: [expect.any(String)] },
    });
    expect(validateOpenPartySubscription({ name: 'a', party: party.toUpperCase() })).toMatchObject({
      value: { party },
    });
  });

  it('has a service in lower case and times in the form of the service', () => {
    const serviceResource = 'urn:altinn:resource:Building-Permit';
    const body = { name: 'a', from: { time: '2026-03-01T09:15:30+01:00' }, filter: { serviceResource } };
    expect(validateOpenSubscription(body)).toMatchObject({
      value: {
        from: { time: '2026-03-01T08:15:30.0000000Z', sequence: null },
        filter: { serviceResource: serviceResource.toLowerCase(), type: null, dialogId: null },
      },
    });
  });

  it.each([
    ['an empty name', { name: '' }, ['name']],
    ['a name with a dot', { name: 'a.b' }, ['name']],
    ['a name with a wildcard', { name: '*' }, ['name']],
    ['a long name', { name: 'a'.repeat(65) }, ['name']],
    ['a start that is none', { name: 'a', from: {} }, ['from']],
    ['two starts', { name: 'a', from: { time: '2026-03-01T08:15:30Z', sequence: 1 } }, ['from']],
    ['sequence 0', { name: 'a', from: { sequence: 0 } }, ['from.sequence']],
    ['a type that is none', { name: 'a', filter: { type: 'dialogporten.dialog.>' } }, ['filter.type']],
    ['a service that is none', { name: 'a', filter: { serviceResource: '*' } }, ['filter.serviceResource']],
    ['a dialog that is none', { name: 'a', filter: { dialogId: '>' } }, ['filter.dialogId']],
  ])('may not have %s', (_, body, keys) => {
    expect(keysOf(body)).toEqual(keys);
  });
});
