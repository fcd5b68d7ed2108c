import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { UpstreamFailure } from '@dialog/access/upstream-failure';
import type { Command } from '@dialog/contracts/commands';
import type { Operation } from '@dialog/contracts/operation';
import { problem, problemOf } from '@dialog/contracts/problem';
import { activity, dialog, transmission, update } from '@dialog/contracts/testing/bodies';
import { LaneFull, LaneUnavailable } from '@dialog/lanes/faults';
import { createLogger } from '@dialog/telemetry/logger';
import { describe, expect, it } from 'vitest';
import type { GatewayDeps } from './app.ts';
import { asServiceOwner, ended, exampleApp, exampleResource, json } from './testing/example-app.ts';

const base = '/api/v1/serviceowner';
const dialogs = `${base}/dialogs`;
const dialogId = randomUUIDv7();
const status = [{ op: 'replace', path: '/status', value: 'Completed' }];

type Sent = { command: Command; waitMs: number };

/** Lanes that end every command alike, and tell what they were given. */
function ending(operation: Partial<Operation> & Pick<Operation, 'status'>, faulty?: Error) {
  const sent: Sent[] = [];
  const lanes: GatewayDeps['lanes'] = {
    wait: async () => undefined,
    submit: async (command, { waitMs }) => {
      sent.push({ command, waitMs });
      if (faulty !== undefined) throw faulty;
      return ended(operation.status, { id: command.id, dialogId: command.dialogId, kind: command.kind, ...operation });
    },
  };
  return { app: exampleApp({ lanes }), sent };
}

const keys = async (answer: Response) => Object.keys(problem.parse(await answer.json()).errors ?? {});

describe('an applied change', () => {
  const revision = randomUUID();

  it.each([
    ['CreateDialog', 'POST', dialogs, dialog],
    ['CreateTransmission', 'POST', `${dialogs}/${dialogId}/transmissions`, transmission],
    ['CreateActivity', 'POST', `${dialogs}/${dialogId}/activities`, activity],
  ])('%s is answered 201 with the id, where it is, and the revision', async (kind, method, path, body) => {
    const { app, sent } = ending({ status: 'Applied', revision });
    const answer = await app.request(path, json(method, body));
    const id = await answer.json();
    expect(answer.status).toBe(201);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(answer.headers.get('location')).toBe(`${path}/${id}`);
    expect(answer.headers.get('etag')).toBe(revision);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(sent[0]?.command.kind).toBe(kind);
  });

  it.each([
    ['UpdateDialog', 'PUT', update],
    ['PatchDialog', 'PATCH', status],
  ])('%s is answered 204 with the revision', async (kind, method, body) => {
    const { app, sent } = ending({ status: 'Applied', revision });
    const answer = await app.request(`${dialogs}/${dialogId}`, json(method, body));
    expect(answer.status).toBe(204);
    expect(await answer.text()).toBe('');
    expect(answer.headers.get('etag')).toBe(revision);
    expect(sent[0]?.command).toMatchObject({ kind, dialogId });
  });

  it('keeps the id that the caller chose', async () => {
    const { app, sent } = ending({ status: 'Applied', revision });
    const id = randomUUIDv7();
    const answer = await app.request(dialogs, json('POST', { ...dialog, id: id.toUpperCase() }));
    expect(await answer.json()).toBe(id);
    expect(sent[0]?.command.dialogId).toBe(id);
  });
});

describe('the command of a request', () => {
  it('says who sent it, what they saw, and what it belongs to', async () => {
    const { app, sent } = ending({ status: 'Applied', revision: randomUUID() });
    const seen = randomUUID();
    const trace = '7d0f3c1b9a5e4d2f8c6b1a0e9f8d7c6b';
    await app.request(
      `${dialogs}/${dialogId}?isSilentUpdate=true`,
      json('PATCH', status, { 'If-Match': `"${seen}"`, traceparent: `00-${trace}-1f2e3d4c5b6a7988-01` }),
    );
    expect(sent[0]?.command).toMatchObject({
      ...{ kind: 'PatchDialog', dialogId, org: 'ttd', ifMatch: seen, silent: true, payload: status },
      rights: { admin: false, correspondence: false, legacyHtml: false },
      facts: { notOwned: [], actorNames: {} },
      traceparent: expect.stringMatching(new RegExp(`^00-${trace}-`)),
    });
  });

  it('is silent when query or body say so', async () => {
    const { app, sent } = ending({ status: 'Applied', revision: randomUUID() });
    const transmissions = `${dialogs}/${dialogId}/transmissions`;
    await app.request(transmissions, json('POST', transmission));
    await app.request(`${transmissions}?issilentupdate=true`, json('POST', transmission));
    await app.request(transmissions, json('POST', { ...transmission, isSilentUpdate: true }));
    await app.request(`${dialogs}/${dialogId}/activities`, json('POST', { ...activity, isSilentUpdate: true }));
    expect(sent.map(({ command }) => command.silent)).toEqual([false, true, true, true]);

    const unclear = await app.request(
      transmissions,
      json('POST', { ...transmission, isSilentUpdate: 'yes', type: 99 }),
    );
    expect(unclear.status).toBe(400);
    expect(await keys(unclear)).toEqual(['isSilentUpdate', 'transmissions[0].type']);
  });

  it.each([
    [undefined, 10_000],
    ['respond-async', 0],
    ['wait=3', 3_000],
    ['respond-async, wait=3', 3_000],
    ['wait=999', 30_000],
  ])('with Prefer: %s waits %i ms', async (prefer, waitMs) => {
    const { app, sent } = ending({ status: 'Queued' });
    await app.request(dialogs, json('POST', dialog, prefer === undefined ? {} : { Prefer: prefer }));
    expect(sent[0]?.waitMs).toBe(waitMs);
  });
});

describe('a change that is not done yet', () => {
  it('is answered 202 with its operation', async () => {
    const { app, sent } = ending({ status: 'Queued' });
    const answer = await app.request(dialogs, json('POST', dialog, { Prefer: 'respond-async' }));
    const id = sent[0]?.command.id;
    expect(answer.status).toBe(202);
    expect(await answer.json()).toMatchObject({ id, status: 'Queued', kind: 'CreateDialog' });
    expect(answer.headers.get('location')).toBe(`${base}/operations/${id}`);
    expect(answer.headers.get('preference-applied')).toBe('respond-async');
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('follows no preference that was not given', async () => {
    const answer = await ending({ status: 'Queued' }).app.request(dialogs, json('POST', dialog));
    expect(answer.status).toBe(202);
    expect(answer.headers.has('preference-applied')).toBe(false);
  });
});

describe('a change that was not applied', () => {
  it('is answered with its problem', async () => {
    const conflict = problemOf(409, { IdempotentKey: ["'k' already exists"] });
    const { app } = ending({ status: 'Rejected', problem: conflict });
    const answer = await app.request(`${dialogs}?x=1`, json('POST', dialog));
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toEqual({
      ...conflict,
      instance: dialogs,
      traceId: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/),
    });
  });

  it('and cannot be, is a fault of ours', async () => {
    const { app } = ending({ status: 'Failed', problem: problemOf(500) });
    const answer = await app.request(`${dialogs}/${dialogId}`, json('PATCH', status));
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ title: 'An error occurred while processing the request.' });
  });

  it.each([
    ['a full lane', new LaneFull(3, 1_500, 'too many'), '2'],
    ['a lane that is away', new LaneUnavailable('Redis is away.'), '1'],
  ])('because of %s is answered 503, in plain text', async (_, fault, retryAfter) => {
    const { app } = ending({ status: 'Queued' }, fault);
    const answer = await app.request(dialogs, json('POST', dialog));
    expect(answer.status).toBe(503);
    expect(await answer.text()).toBe('Service Unavailable');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
    expect(answer.headers.has('location')).toBe(false);
  });

  it('and may yet be, is answered 503 with the operation that will tell', async () => {
    const { app, sent } = ending({ status: 'Queued' }, new LaneUnavailable('Redis went away.', { inDoubt: true }));
    const answer = await app.request(dialogs, json('POST', dialog));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('location')).toBe(`${base}/operations/${sent[0]?.command.id}`);
  });

  it('by a bug is answered 500, and logged without what was in the request', async () => {
    const lines: string[] = [];
    const log = createLogger('gateway', 'info', { write: (line) => void lines.push(line) });
    const lanes = { wait: async () => undefined, submit: () => Promise.reject(new Error('bug')) };
    const path = `${dialogs}?enduserid=urn:altinn:person:identifier-no:01817030080`;
    const answer = await exampleApp({ log, lanes }).request(path, json('POST', dialog));
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('bug');
    expect(lines.join('')).toContain('bug');
    expect(lines.join('')).not.toContain('01817030080');
    expect(lines.join('')).not.toContain('314700554');
  });
});

describe('what is refused before anything is enqueued', () => {
  const untouched = (sent: readonly Sent[]) => expect(sent).toEqual([]);

  it.each([
    ['a body of another type', json('POST', dialog, { 'Content-Type': 'text/plain' }), 415],
    ['broken JSON', { ...json('POST', dialog), body: '{"party":' }, 400],
    ['no body', { method: 'POST', headers: { ...asServiceOwner, 'Content-Type': 'application/json' } }, 400],
    ['nothing at all', { method: 'POST', headers: asServiceOwner }, 415],
    ['a body that is no object', json('POST', []), 400],
    ['text that cannot be stored', json('POST', { ...dialog, externalReference: 'a\u0000b' }), 400],
    ['half a character', json('POST', { ...dialog, externalReference: '\ud800' }), 400],
    ['a large body', { ...json('POST', dialog), body: `"${'x'.repeat(20_000_000)}"` }, 413],
  ])('%s', async (_, init, expected) => {
    const { app, sent } = ending({ status: 'Applied', revision: randomUUID() });
    const answer = await app.request(dialogs, init);
    expect(answer.status).toBe(expected);
    expect(await answer.json()).toMatchObject({ status: expected, instance: dialogs });
    untouched(sent);
  });

  it('everything that is wrong with a body, at once', async () => {
    const { app, sent } = ending({ status: 'Applied', revision: randomUUID() });
    const answer = await app.request(dialogs, json('POST', { ...dialog, party: 'x', progress: 140 }));
    expect(answer.status).toBe(400);
    expect((await keys(answer)).sort()).toEqual(['dto.party', 'dto.progress']);
    untouched(sent);
  });

  it('everything that is wrong beside the body, at once', async () => {
    const { app, sent } = ending({ status: 'Applied', revision: randomUUID() });
    const answer = await app.request(`${dialogs}/1?isSilentUpdate=x`, json('PATCH', status, { 'If-Match': '*' }));
    expect(answer.status).toBe(400);
    expect(await keys(answer)).toEqual(['dialogId', 'If-Match', 'isSilentUpdate']);
    untouched(sent);
  });

  it('a patch that is no list of operations', async () => {
    const { app, sent } = ending({ status: 'Applied', revision: randomUUID() });
    for (const body of [{}, [{ op: 'merge', path: '/status' }], [{ op: 'add', path: 'status', value: 1 }]]) {
      const answer = await app.request(`${dialogs}/${dialogId}`, json('PATCH', body));
      expect(answer.status).toBe(400);
    }
    untouched(sent);
  });

  it('a patch of another type, and not one of its own', async () => {
    const { app } = ending({ status: 'Applied', revision: randomUUID() });
    const as = (type: string) => app.request(`${dialogs}/${dialogId}`, json('PATCH', status, { 'Content-Type': type }));
    expect((await as('application/json-patch+json')).status).toBe(204);
    expect((await as('application/merge-patch+json')).status).toBe(415);
  });
});

describe('what the registry says of a new dialog', () => {
  const registry = (resource: GatewayDeps['resources']['resource']) => ({
    resources: { orgCodeOf: async () => undefined, resource, pageOf: (id: string) => id },
  });
  const commandOf = async (resource: GatewayDeps['resources']['resource'], body: object = dialog) => {
    const sent: Command[] = [];
    const lanes: GatewayDeps['lanes'] = {
      wait: async () => undefined,
      submit: async (command) => {
        sent.push(command);
        return ended('Applied', { id: command.id, dialogId: command.dialogId, revision: randomUUID() });
      },
    };
    await exampleApp({ ...registry(resource), lanes }).request(dialogs, json('POST', body));
    return sent[0];
  };

  it('goes along with the command: owner and type', async () => {
    const command = await commandOf(async (urn) => ({ ...exampleResource, urn, org: 'nav', type: 'altinnapp' }));
    expect(command).toMatchObject({ resource: { org: 'nav', type: 'altinnapp' }, facts: { notOwned: [] } });
  });

  it('goes along, too, when there is no such resource', async () => {
    expect(await commandOf(async () => undefined)).toMatchObject({ resource: null });
  });

  it('may be that it is somebody else’s, or another one is that the dialog refers to', async () => {
    const theirs = await commandOf(async (urn) => ({ ...exampleResource, urn, orgNumber: '310004006' }));
    expect(theirs).toMatchObject({ facts: { notOwned: [dialog.serviceResource] } });

    const apiActions = [apiAction('urn:altinn:resource:Theirs')];
    const mixed = await commandOf(
      async (urn) => ({
        ...exampleResource,
        ...{ urn, orgNumber: urn.endsWith('theirs') ? '310004006' : '310001007' },
      }),
      { ...dialog, apiActions },
    );
    expect(mixed).toMatchObject({ facts: { notOwned: ['urn:altinn:resource:theirs'] } });
  });

  it('may be nothing, as it is away', async () => {
    const away = registry(() => Promise.reject(new UpstreamFailure('resource list', 'secret reason')));
    const answer = await exampleApp(away).request(dialogs, json('POST', dialog));
    expect(answer.status).toBe(502);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ title: 'Bad gateway.', detail: expect.any(String) });
    expect(text).not.toContain('secret');
  });

  function apiAction(authorizationAttribute: string) {
    return { action: 'write', authorizationAttribute, endpoints: [{ url: 'https://example.com', httpMethod: 'GET' }] };
  }
});

describe('addresses', () => {
  it('are matched without regard to case', async () => {
    const { app, sent } = ending({ status: 'Applied', revision: randomUUID() });
    const answer = await app.request(`/API/V1/ServiceOwner/Dialogs/${dialogId.toUpperCase()}`, json('PATCH', status));
    expect(answer.status).toBe(204);
    expect(sent[0]?.command.dialogId).toBe(dialogId);
  });

  it('that nobody knows are 404 without errors', async () => {
    const answer = await exampleApp().request(`${base}/nothing`, { headers: asServiceOwner });
    expect(answer.status).toBe(404);
    expect(await answer.json()).not.toHaveProperty('errors');
  });

  it('with another method are 405', async () => {
    const answer = await exampleApp().request(dialogs, { method: 'DELETE', headers: asServiceOwner });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST, GET');
    expect(await answer.json()).toMatchObject({ status: 405, title: 'Method not allowed.' });
  });
});

describe('HEAD', () => {
  it.each([
    ['is no part of the API', `${dialogs}/${dialogId}`, 405, 'GET'],
    ['names what there is instead', `${dialogs}/${dialogId}/actions/purge`, 405, 'POST'],
    ['does not make an address known', `${base}/nothing`, 404, null],
    ['asks whether we are alive', '/health/liveness', 200, null],
  ])('%s', async (_, path, status, allow) => {
    const answer = await exampleApp().request(path, { method: 'HEAD', headers: asServiceOwner });
    expect([answer.status, answer.headers.get('allow')]).toEqual([status, allow]);
  });
});

describe('what is said about requests', () => {
  it('is their route, in metrics and log', async () => {
    const lines: string[] = [];
    const log = createLogger('gateway', 'info', { write: (line) => void lines.push(line) });
    const app = exampleApp({ log });
    await app.request(`${dialogs}/${dialogId}`, json('PATCH', status));
    await app.request(`${base}/01817030080`, { headers: asServiceOwner });
    await app.request(`${dialogs}/${dialogId}`, { method: 'BREW', headers: asServiceOwner });
    await app.request('/health/liveness');

    const metrics = await (await app.request('/metrics')).text();
    const counted = metrics.split('\n').filter((line) => line.startsWith('dialog_http_request_duration_seconds_count'));
    expect(counted.map((line) => line.replace(/^[^{]*/, ''))).toEqual([
      '{route="/api/v1/serviceowner/dialogs/:dialogId",method="PATCH",status="204"} 1',
      '{route="none",method="GET",status="404"} 1',
      '{route="none",method="other",status="405"} 1',
      '{route="/health/liveness",method="GET",status="200"} 1',
    ]);
    const requests = lines.map((line) => JSON.parse(line));
    expect(requests.map(({ route, status: code, org }) => [route, code, org])).toEqual([
      ['/api/v1/serviceowner/dialogs/:dialogId', 204, 'ttd'],
      ['none', 404, 'ttd'],
      ['none', 405, 'ttd'],
    ]);
    expect(requests[0]).toMatchObject({ dialogId, commandId: expect.any(String) });
    expect(lines.join('')).not.toContain('01817030080');
  });
});
