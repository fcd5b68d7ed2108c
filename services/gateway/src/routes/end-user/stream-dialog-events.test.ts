import { randomUUID } from 'node:crypto';
import { createDialogTokens } from '@dialog/access/dialog-token';
import { firstKeys } from '@dialog/access/dialog-token-keys';
import { problem } from '@dialog/contracts/problem';
import { describe, expect, it } from 'vitest';
import type { GatewayDeps } from '../../app.ts';
import { exampleApp, exampleGrant, exampleLimits } from '../../testing/example-app.ts';

const dialogId = '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e';
const path = `/api/v1/enduser/dialogs/${dialogId}/events`;
const grant = exampleGrant(dialogId);

/** A gateway, and what makes tokens as it does, at a time. */
async function opened(changed: Partial<GatewayDeps> = {}) {
  const keys = await firstKeys(new Date());
  const tokensAt = (now: Date, issuer = 'https://dialogs.example/api/v1') =>
    createDialogTokens({ issuer, keys: async () => keys, now: () => now, newId: randomUUID });
  const app = exampleApp({ dialogTokens: tokensAt(new Date()), ...changed });
  const get = (token: string, at = path, name = 'Authorization') =>
    app.request(at, { headers: { [name]: name === 'Authorization' ? `Bearer ${token}` : token } });
  return { app, get, tokensAt, token: await tokensAt(new Date()).issue(grant) };
}

describe('a stream of what becomes of a dialog', () => {
  it.each([
    ['none', async () => undefined],
    ['one that is none', async () => 'nonsense'],
    ['one that is over', async ({ tokensAt }: Opened) => tokensAt(new Date(Date.now() - 603_000)).issue(grant)],
    ['one of another service', async ({ tokensAt }: Opened) => tokensAt(new Date(), 'https://other').issue(grant)],
    ['one that another has signed', async () => (await opened()).token],
  ])('is refused without a usable token: %s', async (_, tokenOf) => {
    const gateway = await opened();
    const token = await tokenOf(gateway);
    const answer = await (token === undefined ? gateway.app.request(path) : gateway.get(token));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it('is refused with the token of another dialog', async () => {
    const { get, token } = await opened();
    const answer = await get(token, path.replace('019cf0a2', '019cf0a3'));
    expect(answer.status).toBe(403);
    expect(problem.parse(await answer.json()).errors).toHaveProperty('Forbidden');
    expect((await get(token, path.replace(dialogId, 'mine'))).status).toBe(400);
  });

  it('is refused for the moment while NATS is away, or when there are too many', async () => {
    const exhausted = { ...exampleLimits, eventStreamsMax: 0 };
    for (const changed of [{}, { limits: exhausted, notices: { watch: async () => () => {} } }]) {
      const { get, token } = await opened(changed);
      const answer = await get(token, path, 'Digdir-Dialog-Token');
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.headers.get('access-control-expose-headers')).toBe('Retry-After');
    }
  });

  it('may be opened by pages of the origins that are set, whatever headers they send', async () => {
    const preflight = (origin: string) => ({
      method: 'OPTIONS',
      headers: {
        ...{ Origin: origin, 'Access-Control-Request-Method': 'GET' },
        'Access-Control-Request-Headers': 'authorization,last-event-id',
      },
    });
    const anywhere = await opened();
    const asked = await anywhere.app.request(path, preflight('https://front.example'));
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe('*');
    expect(asked.headers.get('access-control-allow-headers')).toBe('authorization,last-event-id');
    expect(asked.headers.has('access-control-allow-credentials')).toBe(false);
    expect((await anywhere.get('nonsense')).headers.get('access-control-allow-origin')).toBe('*');

    const { app } = await opened({ corsOrigins: ['https://front.example'] });
    const right = await app.request(path, preflight('https://front.example'));
    expect(right.headers.get('access-control-allow-origin')).toBe('https://front.example');
    const wrong = await app.request(path, preflight('https://other.example'));
    expect(wrong.headers.has('access-control-allow-origin')).toBe(false);
  });
});

type Opened = Awaited<ReturnType<typeof opened>>;
