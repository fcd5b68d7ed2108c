import { randomUUIDv7 } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createDialogTokens } from '@dialog/access/dialog-token';
import { changeDialogTokenKeys } from '@dialog/access/dialog-token-key-file';
import { parseDialogTokenKeys } from '@dialog/access/dialog-token-keys';
import { timestampOf } from '@dialog/contracts/timestamp';
import * as seenLog from '@dialog/database/tables/seen-log';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { exampleGrant } from './testing/example-app.ts';
import { type GatewayFixture, nowhere, openGatewayFixture } from './testing/gateway-fixture.ts';
import { type GatewayProcess, gatewayEnvironment, spawnGateway } from './testing/gateway-process.ts';
import { storeDialogs } from './testing/stored-dialogs.ts';

const dialogs = '/api/v1/serviceowner/dialogs';
const activities = `${dialogs}/${randomUUIDv7()}/activities`;
const activity = JSON.stringify({ type: 'FormSaved', performedBy: { actorType: 'ServiceOwner' } });

const folder = mkdtempSync(path.join(tmpdir(), 'gateway-'));
let environment: Awaited<ReturnType<typeof gatewayEnvironment>>;

let fixture: GatewayFixture;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  environment = await gatewayEnvironment(fixture, folder);
});
afterAll(async () => {
  await fixture.close();
  rmSync(folder, { recursive: true });
});

function gateway(env: Record<string, string> = {}): GatewayProcess {
  const process = spawnGateway({ ...environment, ...env });
  onTestFinished(() => process.stop());
  return process;
}

async function headers(more: Record<string, string> = {}) {
  return { ...(await fixture.as('ttd')), 'Content-Type': 'application/json', ...more };
}

/** As a gateway gives it to whoever opens a dialog. */
async function dialogTokenOf(id: string): Promise<string> {
  const keys = parseDialogTokenKeys(readFileSync(environment.DIALOG_TOKEN_KEYS_FILE, 'utf8'));
  const tokens = createDialogTokens({
    ...{ issuer: 'http://127.0.0.1:0/api/v1', keys: async () => keys, now: () => new Date(), newId: randomUUIDv7 },
  });
  return tokens.issue(exampleGrant(id));
}

describe('the process', () => {
  it('does not start with a wrong setting, and says which in one line', async () => {
    const process = gateway({ LANES: 'many' });
    expect(await process.exited).toBe(1);
    expect(process.errors()).toBe('LANES: must be a whole number from 1 to 1024\n');
  });

  it('does not start with another number of lanes while commands wait on those in use', async () => {
    const app = await fixture.openGateway();
    const queued = await app.request(activities, {
      ...{ method: 'POST', body: activity, headers: await headers({ Prefer: 'respond-async' }) },
    });
    expect(queued.status).toBe(202);
    const process = gateway({ LANES: '3' });
    expect(await process.exited).toBe(1);
    expect(process.errors()).toMatch(/^LANES: 2 lanes are in use [^\n]+\n$/);
  });

  it('starts while everything that it needs is away, and can tell', async () => {
    const away = {
      DATABASE_URL: `postgres://${nowhere}/none`,
      REDIS_URL: `redis://${nowhere}`,
      NATS_URL: `nats://${nowhere}`,
    };
    const process = gateway(away);
    const base = await process.listening();
    expect((await fetch(`${base}/health/liveness`)).status).toBe(200);
    expect((await fetch(`${base}/health/readiness`)).status).toBe(503);
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
  });

  it('does not start without usable keys for dialog tokens, and says so in one line', async () => {
    const process = gateway({ DIALOG_TOKEN_KEYS_FILE: path.join(folder, 'none') });
    expect(await process.exited).toBe(1);
    expect(process.errors()).toMatch(/^DIALOG_TOKEN_KEYS_FILE: [^\n]+ cannot be read [^\n]+\n$/);
  });

  it('publishes the keys for dialog tokens as they are now, without a restart', async () => {
    const process = gateway({ DIALOG_TOKEN_KEYS_RECHECK_MS: '0', PUBLIC_URL: 'https://dialogs.example/' });
    const base = await process.listening();
    const metadata = await fetch(`${base}/api/v1/.well-known/oauth-authorization-server`);
    expect(await metadata.json()).toMatchObject({ issuer: 'https://dialogs.example/api/v1' });
    const published = async () => {
      const answer = await fetch(`${base}/api/v1/.well-known/jwks.json`);
      return z.object({ keys: z.array(z.object({ kid: z.string() })) }).parse(await answer.json());
    };
    const [first, second] = (await published()).keys;
    await changeDialogTokenKeys(environment.DIALOG_TOKEN_KEYS_FILE, async ({ primary, secondary }) => ({
      primary: secondary,
      secondary: primary,
    }));
    expect(await published()).toEqual({ keys: [second, first] });
  });

  it('masks a person as other gateways do, and as before a restart', async () => {
    const db = fixture.openDatabase();
    const [id = ''] = await storeDialogs(db, [{ body: { party: 'urn:altinn:organization:identifier-no:313007103' } }]);
    const actorId = 'urn:altinn:person:identifier-no:05826510058';
    const seenBy = { actorType: 'PartyRepresentative' as const, actorId, actorName: 'Snekker Ola' };
    const visit = { dialogId: id, id: randomUUIDv7(), seenAt: timestampOf(Date.now()), seenBy };
    await seenLog.insert(db, [{ ...visit, isViaServiceOwner: false }]);
    const bearer = await fixture.asEndUser({ pid: '01817030080' });
    const seenAs = async (env: Record<string, string> = {}) => {
      const base = await gateway(env).listening();
      const answer = await fetch(`${base}/api/v1/enduser/dialogs/${id}/seenlog`, { headers: bearer });
      return z.tuple([z.object({ seenBy: z.object({ actorId: z.string() }) })]).parse(await answer.json())[0].seenBy;
    };
    const first = await seenAs();
    expect(first.actorId).toMatch(/^urn:altinn:person:identifier-ephemeral:[0-9a-f]{10}$/);
    expect(await seenAs()).toEqual(first);
    const otherSalt = path.join(folder, 'other-salt');
    writeFileSync(otherSalt, 't'.repeat(32));
    expect(await seenAs({ ACTOR_SALT_FILE: otherSalt })).not.toEqual(first);
  });

  it('tells how it stands with the systems outside, when asked deeply', async () => {
    const healthReport = z.object({ checks: z.array(z.object({ name: z.string(), state: z.string() })) });
    const deep = async (env: Record<string, string> = {}) => {
      const answer = await fetch(`${await gateway(env).listening()}/health/deep`);
      const { checks } = healthReport.parse(await answer.json());
      return [answer.status, ...checks.slice(4).map(({ name, state }) => `${name}: ${state}`)];
    };
    const healthy = ['organisation list', 'role metadata', 'platform token', 'token issuers'];
    expect(await deep()).toEqual([200, ...healthy.map((name) => `${name}: Healthy`)]);
    expect(await deep({ MASKINPORTEN_CLIENT_ID: 'other', TOKEN_ISSUERS: `http://${nowhere}` })).toEqual([
      200,
      ...healthy.map((name) => `${name}: ${/token/.test(name) ? 'Degraded' : 'Healthy'}`),
    ]);
  });

  it('serves nothing in maintenance mode, which needs no restart', async () => {
    const file = path.join(folder, 'maintenance');
    const base = await gateway({ MAINTENANCE_FILE: file, MAINTENANCE_RECHECK_MS: '0' }).listening();
    const limits = `${base}/api/v1/metadata/limits`;
    expect((await fetch(limits)).status).toBe(200);
    writeFileSync(file, '2026-02-03T08:00:00Z');
    const answer = await fetch(limits);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, 'Tue, 03 Feb 2026 08:00:00 GMT']);
    expect((await fetch(`${base}/health/readiness`)).status).toBe(200);
    rmSync(file);
    expect((await fetch(limits)).status).toBe(200);
  });

  it('answers what it has in hand before it stops', async () => {
    const process = gateway({ WRITE_WAIT_MS: '2000' });
    const base = await process.listening();
    // No worker is there: the wait runs out.
    const write = fetch(`${base}${activities}`, { method: 'POST', headers: await headers(), body: activity });
    const accepted = await fetch(`${base}${activities}`, {
      ...{ method: 'POST', body: activity, headers: await headers({ Prefer: 'respond-async' }) },
    });
    const operation = `${base}${accepted.headers.get('location')}`;
    const poll = fetch(operation, { headers: await headers({ Prefer: 'wait=20' }) });
    // This caller would keep its connection for as long as the server lets it.
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const stream = await get(operation, { agent, headers: await headers({ Accept: 'text/event-stream' }) });
    const [dialogId = ''] = await storeDialogs(fixture.openDatabase(), [{}]);
    const page = await get(`${base}/api/v1/enduser/dialogs/${dialogId}/events`, {
      ...{ agent, headers: { Authorization: `Bearer ${await dialogTokenOf(dialogId)}` } },
    });
    await expect.poll(() => metric(base, 'dialog_operation_watchers')).toBe(2);
    await expect.poll(() => metric(base, 'dialog_lane_envelope_commands_sum')).toBe(2);

    process.signal('SIGTERM');
    expect((await write).status).toBe(202);
    expect((await write).headers.get('connection')).toBe('close');
    expect(await (await poll).json()).toMatchObject({ status: 'Queued' });
    expect(await text(stream)).toContain('"status":"Queued"');
    expect(await text(page)).toMatch(/^event: state\n.+"gateway-stopping"}\n\n$/s);
    expect(await process.exited).toBe(0);
    await expect(fetch(`${base}/health`)).rejects.toThrow();
  });

  it('gives up on what takes too long', async () => {
    const process = gateway({ WRITE_WAIT_MS: '60000', SHUTDOWN_TIMEOUT_MS: '300' });
    const base = await process.listening();
    const write = fetch(`${base}${activities}`, { method: 'POST', headers: await headers(), body: activity });
    write.catch(() => {});
    await expect.poll(() => metric(base, 'dialog_lane_envelope_commands_count')).toBe(1);
    process.signal('SIGTERM');
    expect(await process.exited).toBe(1);
    await expect(write).rejects.toThrow();
  });
});

describe('over a real connection', () => {
  let base: string;
  let process: GatewayProcess;
  beforeAll(async () => {
    process = spawnGateway({ ...environment, BODY_BYTES_MAX: '100000', WATCHERS_MAX: '1', HEARTBEAT_MS: '100' });
    base = await process.listening();
  });
  afterAll(() => process.stop());

  it('a body that is too large is refused by its length, before it is sent', async () => {
    const status = new Promise((resolve, reject) => {
      const large = request(`${base}${activities}`, { method: 'POST' }, (answer) => resolve(answer.statusCode));
      large.on('error', reject);
      void headers({ 'Content-Length': '100001' }).then((all) => {
        for (const [name, value] of Object.entries(all)) large.setHeader(name, value);
        large.flushHeaders();
      });
    });
    expect(await status).toBe(413);
  });

  it('a body that does not say how large it is is read to the limit and no further', async () => {
    const endless = Readable.toWeb(Readable.from(repeated('x'.repeat(10_000))));
    const answer = await fetch(`${base}${activities}`, {
      ...{ method: 'POST', body: endless, duplex: 'half', headers: await headers() },
    });
    expect(answer.status).toBe(413);
  });

  it('a caller that leaves in the middle harms nobody', async () => {
    const leaving = request(`${base}${activities}`, {
      method: 'POST',
      headers: await headers({ 'Content-Length': '500' }),
    });
    leaving.on('error', () => {});
    leaving.write('{');
    await expect.poll(() => leaving.socket?.bytesWritten ?? 0).toBeGreaterThan(100);
    leaving.destroy();
    expect((await fetch(`${base}/health/liveness`)).status).toBe(200);
  });

  it('a stream gives back its place when the caller leaves', async () => {
    const accepted = await fetch(`${base}${activities}`, {
      ...{ method: 'POST', body: activity, headers: await headers({ Prefer: 'respond-async' }) },
    });
    const operation = `${base}${accepted.headers.get('location')}`;
    const asStream = await headers({ Accept: 'text/event-stream' });
    const leaving = new AbortController();
    await fetch(operation, { headers: asStream, signal: leaving.signal });
    await expect.poll(async () => (await fetch(operation, { headers: asStream })).status).toBe(503);
    leaving.abort();
    await expect
      .poll(async () => {
        const again = await fetch(operation, { headers: asStream });
        await again.body?.cancel();
        return again.status;
      })
      .toBe(200);
  });

  it('every kind of request gets a problem, not a page', async () => {
    for (const [path, method] of [
      ['/nothing', 'GET'],
      ['/api/v1/serviceowner/dialogs', 'OPTIONS'],
      ['/health', 'POST'],
    ]) {
      const answer = await fetch(`${base}${path}`, { method: method ?? '', headers: await fixture.as('ttd') });
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    }
  });
});

function get(url: string, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end();
  });
}

async function metric(base: string, name: string): Promise<number> {
  const lines = (await (await fetch(`${base}/metrics`)).text()).split('\n');
  return Number(
    lines
      .find((line) => line.startsWith(name))
      ?.split(' ')
      .at(-1) ?? 0,
  );
}

function* repeated(text: string): Generator<string> {
  for (;;) yield text;
}
