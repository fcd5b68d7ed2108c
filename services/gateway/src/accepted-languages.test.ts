import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type AcceptedLanguages,
  acceptedLanguages,
  inAcceptedLanguage,
  localized,
  requestedLanguages,
} from './accepted-languages.ts';
import type { GatewayEnv } from './gateway-app.ts';
import { exampleApp } from './testing/example-app.ts';

async function accepted(header: string | undefined): Promise<AcceptedLanguages | undefined> {
  let languages: AcceptedLanguages | undefined;
  const app = new Hono<GatewayEnv>().get('/', (c) => {
    languages = acceptedLanguages(c);
    return c.body(null);
  });
  await app.request('/', { headers: header === undefined ? {} : { 'Accept-Language': header } });
  return languages;
}

const texts = (...codes: string[]) => codes.map((languageCode) => ({ languageCode, value: `in ${languageCode}` }));

describe('accepted languages', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['nn', ['nn', 'en', 'nb']],
    ['nn-NO, en;q=0.8, nb;q=0.9', ['nn', 'nb', 'en']],
    ['en_GB', ['en', 'nb']],
    ['EN;q=0.1,FR', ['fr', 'en', 'nb']],
    ['en;q=0.5, fr, de', ['fr', 'de', 'en', 'nb']],
    ['fr;q=0.2, fr-CA;q=0.9, de;q=0.5', ['fr', 'de', 'en', 'nb']],
    ['sv', ['sv', 'nb', 'en']],
    ['de, da;q=0.1', ['de', 'da', 'nb', 'en']],
    ['*', ['*', 'en', 'nb']],
    ['fr;q=5, de, se;q=1.5', ['fr', 'se', 'de', 'en', 'nb']],
    ['fr;q=high, de;q=0.01', ['de', 'fr', 'en', 'nb']],
    ['fr;q=0.505, de;q=0.509', ['fr', 'de', 'en', 'nb']],
    ['fr;q=0.28, de;q=0.29', ['de', 'fr', 'en', 'nb']],
    ['fr;q=1e999, de;q=0', ['fr', 'de', 'en', 'nb']],
    ['nb ; q=0.2, nn;Q=0.3, en', ['en', 'nn', 'nb']],
    [',;q=1, ;', null],
  ])('of %s are %j', async (header, expected) => {
    expect(await accepted(header)).toEqual(expected);
  });

  it.each(['nb; q=1', 'nb;', 'nb;w=1', 'nb,,en', 'nb en', ';q=1'])('cannot be read from %s', async (header) => {
    const app = new Hono<GatewayEnv>().get('/', (c) => c.json(requestedLanguages(c)));
    const answer = await app.request('/', { headers: { 'Accept-Language': header } });
    expect(await answer.json()).toMatchObject({ ok: false, errors: { 'Accept-Language': [expect.any(String)] } });
  });

  it.each(['', 'nb', 'nn-NO , en;q=0.8,*;q=x'])('can be read from %s', async (header) => {
    const app = new Hono<GatewayEnv>().get('/', (c) => c.json(requestedLanguages(c)));
    const answer = await app.request('/', { headers: { 'Accept-Language': header } });
    expect(await answer.json()).toMatchObject({ ok: true });
  });

  it.each([
    ['the most wanted one', ['nn', 'en'], texts('en', 'nn'), ['nn']],
    ['the next one, if there is none in that', ['se', 'nn', 'en'], texts('en', 'nb'), ['en']],
    ['all, if none of them is there', ['fr', 'en', 'nb'], texts('nn', 'se'), ['nn', 'se']],
    ['all, if all are wanted', null, texts('en', 'nb'), ['en', 'nb']],
    ['none, if there is none', ['nb'], [], []],
  ])('choose %s', (_, languages, given, expected) => {
    expect(inAcceptedLanguage(given, languages).map(({ languageCode }) => languageCode)).toEqual(expected);
  });
});

describe('end users', () => {
  const claims = { scope: 'digdir:dialogporten', pid: '01817030080', acr: 'idporten-loa-high' };
  const parameters = z.array(z.object({ name: z.string() })).default([]);
  const document = z.object({
    paths: z.record(z.string(), z.object({ get: z.object({ operationId: z.string(), parameters }).optional() })),
  });

  it('are told by every operation with texts that the header cannot be read', async () => {
    const app = exampleApp({ tokens: { verify: async () => ({ kind: 'verified', claims }) } });
    const { paths } = document.parse(await (await app.request('/openapi.enduser.json')).json());
    const refusing: string[] = [];
    for (const [path, { get }] of Object.entries(paths)) {
      if (get?.parameters.some(({ name }) => name === 'Accept-Language') !== true) continue;
      const address = path.replaceAll(/{\w+}/g, '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e');
      const headers = { Authorization: 'Bearer any', 'Accept-Language': 'nb; q=1' };
      const answer = await app.request(address, { headers });
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { errors: { 'Accept-Language': [expect.any(String)] } },
      ]);
      refusing.push(get.operationId);
    }
    expect(refusing.sort()).toEqual([
      ...['GetDialog', 'GetDialogActivity', 'GetDialogLookup', 'GetDialogTransmission', 'GetServiceResourceMetadata'],
      ...['SearchAuthorizedServiceResources', 'SearchDialogActivities', 'SearchDialogTransmissions', 'SearchDialogs'],
    ]);
  });
});

describe('names', () => {
  it('stand in order of language', () => {
    const names = new Map([
      ['nn', 'b'],
      ['en', 'a'],
    ]);
    expect(localized(names, 'x')).toEqual([
      { languageCode: 'en', value: 'a' },
      { languageCode: 'nn', value: 'b' },
    ]);
  });

  it.each([undefined, new Map<string, string>()])('that nobody knows are what something is called anyway', (names) => {
    expect(localized(names, 'ttd')).toEqual([{ languageCode: 'nb', value: 'ttd' }]);
  });
});
