import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { GatewayContext, GatewayEnv } from './gateway-app.ts';
import { endUserId, errorsOf, ifMatch, pathId, silentUpdate } from './request-parameters.ts';

const id = '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e';

async function given<Value>(read: (c: GatewayContext) => Value, path: string, headers: Record<string, string> = {}) {
  let value: Value | undefined;
  const app = new Hono<GatewayEnv>().get('/dialogs/:dialogId', (c) => {
    value = read(c);
    return c.body(null);
  });
  await app.request(path, { headers });
  return value;
}

const revision = (value: string) => given(ifMatch, '/dialogs/x', { 'If-Match': value });

describe('If-Match', () => {
  it('is optional', async () => {
    expect(await given(ifMatch, '/dialogs/x')).toEqual({ ok: true, value: null });
  });

  it.each([id, `"${id}"`, id.toUpperCase()])('reads %s', async (value) => {
    expect(await revision(value)).toEqual({ ok: true, value: id });
  });

  it.each(['', '*', `W/"${id}"`, `${id}, ${id}`, `"${id}", "${id}"`, `"${id}`, `${id}"`, 'text', `'${id}'`])(
    'refuses %s',
    async (value) => {
      expect(await revision(value)).toEqual({ ok: false, errors: { 'If-Match': [expect.any(String)] } });
    },
  );
});

describe('ids in the path', () => {
  it('come out in lower case', async () => {
    const read = await given((c) => pathId(c, 'dialogId'), `/dialogs/${id.toUpperCase()}`);
    expect(read).toEqual({ ok: true, value: id });
  });

  it.each(['1', `${id}0`, id.replaceAll('-', ''), `{${id}}`])(
    'refuses %s under the name of the parameter',
    async (text) => {
      const read = await given((c) => pathId(c, 'dialogId'), `/dialogs/${encodeURIComponent(text)}`);
      expect(read).toEqual({ ok: false, errors: { dialogId: [expect.any(String)] } });
    },
  );
});

describe('isSilentUpdate', () => {
  it.each([
    ['', false],
    ['?isSilentUpdate=true', true],
    ['?ISSILENTUPDATE=True', true],
    ['?isSilentUpdate=false', false],
    ['?isSilentUpdate=', false],
    ['?other=true', false],
  ])('%s is %s', async (query, expected) => {
    expect(await given(silentUpdate, `/dialogs/x${query}`)).toEqual({ ok: true, value: expected });
  });

  it('refuses anything else', async () => {
    const read = await given(silentUpdate, '/dialogs/x?isSilentUpdate=1');
    expect(read).toEqual({ ok: false, errors: { isSilentUpdate: [expect.any(String)] } });
  });
});

describe('endUserId', () => {
  it.each(['endUserId', 'enduserid'])('is read as %s', async (name) => {
    const read = await given(endUserId, `/dialogs/x?${name}=urn:altinn:person:identifier-no:01817030080`);
    expect(read).toEqual({ ok: true, value: 'urn:altinn:person:identifier-no:01817030080' });
  });

  it.each([
    '?endUserId=01817030080',
    '?endUserId=URN:altinn:person:identifier-no:01817030080',
    '?enduserid=01817030080&endUserId=05826510058',
    '?enduserid=01817030080&enduserid=05826510058',
  ])('is the same person in %s', async (query) => {
    const read = await given(endUserId, `/dialogs/x${query}`);
    expect(read).toEqual({ ok: true, value: 'urn:altinn:person:identifier-no:01817030080' });
  });

  it.each([
    'urn:altinn:organization:identifier-no:991825827',
    'urn:altinn:person:identifier-no:01817030081',
    'urn:altinn:systemuser:uuid:5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c',
    '01817030081',
    '991825827',
    'x',
  ])('refuses %s', async (text) => {
    const read = await given(endUserId, `/dialogs/x?endUserId=${text}`);
    expect(read).toEqual({ ok: false, errors: { EndUserId: [expect.any(String)] } });
  });
});

it('tells everything that is wrong with the parameters at once', async () => {
  const errors = await given((c) => errorsOf(pathId(c, 'dialogId'), ifMatch(c), silentUpdate(c)), '/dialogs/x', {
    'If-Match': '*',
  });
  expect(Object.keys(errors ?? {})).toEqual(['dialogId', 'If-Match']);
});
