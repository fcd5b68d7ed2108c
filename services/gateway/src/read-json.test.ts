import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { GatewayEnv } from './gateway-app.ts';
import { type ReadJson, readJson } from './read-json.ts';

async function given(init: RequestInit & { duplex?: 'half' }, bodyBytesMax = 1_000, mediaTypes?: readonly string[]) {
  let read: ReadJson | undefined;
  const app = new Hono<GatewayEnv>().post('/', async (c) => {
    read = await readJson(c, { bodyBytesMax }, mediaTypes);
    return c.body(null);
  });
  await app.request('/', { method: 'POST', ...init });
  return read;
}

const typed = (type: string) => ({ headers: { 'Content-Type': type } });
const json = typed('application/json');
const status = (expected: number) => ({ ok: false, problem: expect.objectContaining({ status: expected }) });
const unreadable = {
  ok: false,
  problem: expect.objectContaining({ status: 400, errors: { SerializerErrors: [expect.any(String)] } }),
};

describe('the body of a request', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'is read as %s',
    async (type) => {
      expect(await given({ ...typed(type), body: '{"a":1}' })).toEqual({ ok: true, value: { a: 1 } });
    },
  );

  it.each([
    'text/plain',
    'application/json-patch+json',
    'application/jsonx',
    'application/json; charset=iso-8859-1',
    '',
  ])('is not read as %s', async (type) => {
    expect(await given({ ...typed(type), body: '{}' })).toEqual(status(415));
  });

  it('is read as what the route takes', async () => {
    const init = { ...typed('application/json-patch+json'), body: '[]' };
    expect(await given(init, 1_000, ['application/json-patch+json'])).toEqual({ ok: true, value: [] });
  });

  it('is not unpacked', async () => {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    expect(await given({ headers, body: '{}' })).toEqual(status(415));
  });

  it.each(['', '{', '{"a":1,}', '{/* no */}', "{'a':1}", '{"a":"\u0007"}', 'NaN'])(
    'is refused when it is %s',
    async (body) => {
      expect(await given({ ...json, body })).toEqual(unreadable);
    },
  );

  it('is refused when it is not UTF-8, and may begin with a byte order mark', async () => {
    expect(await given({ ...json, body: new Uint8Array([0x22, 0xff, 0x22]) })).toEqual(unreadable);
    expect(await given({ ...json, body: '\uFEFF"å"' })).toEqual({ ok: true, value: 'å' });
  });

  it('is refused when it is too large, by what it says and by what it is', async () => {
    const large = JSON.stringify('x'.repeat(1_000));
    expect(await given({ headers: { ...json.headers, 'Content-Length': '1001' }, body: large })).toEqual(status(413));
    expect(await given({ ...json, body: large })).toEqual(status(413));
    expect(await given({ ...json, body: '"x"' }, 3)).toEqual({ ok: true, value: 'x' });
  });

  it('is left unread beyond the limit', async () => {
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(400));
      },
    });
    expect(await given({ ...json, body: endless, duplex: 'half' })).toEqual(status(413));
    expect(pulled).toBeLessThan(10);
  });

  it('names the limit that is in force', async () => {
    const read = await given({ ...json, body: '"xyz"' }, 3);
    expect(read).toEqual({
      ok: false,
      problem: expect.objectContaining({ title: expect.stringContaining(' 3 bytes') }),
    });
  });
});
