import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { BatchLineInput, BatchOutcome } from '@dialog/contracts/batch-line';
import { dialogView } from '@dialog/contracts/dialog-view';
import { operation } from '@dialog/contracts/operation';
import { problem } from '@dialog/contracts/problem';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GatewayApp } from './gateway-app.ts';
import { allOutcomes, type Body, batchPath, ndjson, outcomesOf, sendBatch } from './testing/batch.ts';
import { createDialog } from './testing/create-dialog.ts';
import { type GatewayFixture, openGatewayFixture } from './testing/gateway-fixture.ts';

const dialogs = '/api/v1/serviceowner/dialogs';
const serviceOwner = { actorType: 'ServiceOwner' };
const texts = (nb: string) => [{ languageCode: 'nb', value: nb }];
const content = { title: { value: texts('Byggesøknad') } };
const example = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  content,
};
const transmission = { type: 'Information', sender: serviceOwner, content };
const activity = { type: 'FormSubmitted', performedBy: serviceOwner };

let fixture: GatewayFixture;
let app: GatewayApp;
let headers: Record<string, string>;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
  headers = await fixture.as('ttd');
});
afterAll(() => fixture.close());

const send = (body: Body, more: Record<string, string> = {}, by: GatewayApp = app) =>
  sendBatch(by, { ...headers, ...more }, body);
const statusesOf = (outcomes: readonly BatchOutcome[]) => outcomes.map(({ status }) => status);

function create(body: object = {}, more: object = {}): BatchLineInput {
  return { kind: 'CreateDialog', body: { ...example, ...body }, ...more };
}

function replace(dialogId: string, path: string, value: unknown, more: object = {}): BatchLineInput {
  return { kind: 'PatchDialog', dialogId, body: [{ op: 'replace', path, value }], ...more };
}

async function shown(id: string) {
  return dialogView.parse(await (await app.request(`${dialogs}/${id}`, { headers })).json());
}

describe('a batch', () => {
  it('takes any mix of changes, and tells of each what its own route would', async () => {
    const id = randomUUIDv7();
    const silent = { isSilentUpdate: true };
    const outcomes = await send([
      create({ id }),
      replace(id, '/progress', 30),
      { kind: 'CreateTransmission', dialogId: id.toUpperCase(), body: transmission },
      { kind: 'CreateActivity', dialogId: id, body: activity, ...silent },
      { kind: 'UpdateDialog', dialogId: id, body: { content, status: 'Completed' } },
      create(),
      { kind: 'DeleteDialog', dialogId: id },
    ]);
    const changed = { dialogId: id, revision: expect.any(String) };
    expect(outcomes).toEqual([
      { line: 1, status: 201, kind: 'CreateDialog', ...changed },
      { line: 2, status: 204, kind: 'PatchDialog', ...changed },
      { line: 3, status: 201, kind: 'CreateTransmission', id: expect.any(String), ...changed },
      { line: 4, status: 201, kind: 'CreateActivity', id: expect.any(String), ...changed },
      { line: 5, status: 204, kind: 'UpdateDialog', ...changed },
      { line: 6, status: 201, kind: 'CreateDialog', ...changed, dialogId: expect.not.stringMatching(id) },
      { line: 7, status: 204, kind: 'DeleteDialog', ...changed },
    ]);
    const dialog = await shown(id);
    expect(dialog).toMatchObject({ status: 'Completed', revision: outcomes[6]?.revision });
    expect(dialog.deletedAt).not.toBeNull();
    expect(dialog.transmissions.map((one) => one.id)).toEqual([outcomes[2]?.id]);
    expect(dialog.activities.map((one) => one.id)).toEqual([outcomes[3]?.id]);
  });

  it('has one bad outcome for a bad line, of whatever sort, and applies the others', async () => {
    const id = randomUUIDv7();
    const bad: [string | Buffer, number, string[]][] = [
      ['not JSON', 400, ['SerializerErrors']],
      [Buffer.from('{"kind":"DeleteDialog","dialogId":"\xff"}', 'latin1'), 400, ['SerializerErrors']],
      ['[]', 400, ['SerializerErrors']],
      ['{"kind":"PurgeDialog"}', 400, ['kind']],
      [`{"kind":"DeleteDialog","dialogId":"${id}","ifmatch":"x"}`, 400, ['ifmatch']],
      ['{"kind":"DeleteDialog"}', 400, ['dialogId']],
      [`{"kind":"DeleteDialog","dialogId":"${id}","ifMatch":"x"}`, 400, ['If-Match']],
      [`{"kind":"DeleteDialog","dialogId":"${id}","idempotentKey":"\\u0000abc"}`, 400, ['idempotentKey']],
      [`{"kind":"CreateTransmission","dialogId":"${id}"}`, 400, ['SerializerErrors']],
      [`{"kind":"CreateDialog","dialogId":"${id}","body":{}}`, 400, ['dialogId']],
      [JSON.stringify(replace(id, '/progress', 'x'.repeat(100_000))), 413, []],
      [JSON.stringify(replace(id, '/progress', 12, { ifMatch: randomUUID() })), 412, []],
      [JSON.stringify(replace(randomUUIDv7(), '/progress', 12)), 404, ['DialogEntity']],
    ];
    const good = (progress: number) => Buffer.from(JSON.stringify(replace(id, '/progress', progress)));
    const lines = bad.flatMap(([line], index) => [Buffer.from(line), Buffer.from(' \t\r'), good(index)]);
    const all = [Buffer.from(JSON.stringify(create({ id }))), ...lines].flatMap((line) => [line, Buffer.from('\n')]);
    const outcomes = await send(Buffer.concat([Buffer.from('\uFEFF'), ...all.slice(0, -1)]));

    const statusOf = new Map(outcomes.map(({ line, ...outcome }) => [line, outcome]));
    expect(statusOf.get(1)).toMatchObject({ status: 201 });
    for (const [index, [line, status, keys]] of bad.entries()) {
      const told = statusOf.get(3 * index + 2);
      const found = {
        status: told?.status,
        told: told?.problem?.status,
        keys: Object.keys(told?.problem?.errors ?? {}),
      };
      expect(found, String(line)).toEqual({ status, told: status, keys });
      expect(statusOf.get(3 * index + 3)).toBeUndefined();
      expect(statusOf.get(3 * index + 4)).toMatchObject({ status: 204 });
    }
    expect(outcomes).toHaveLength(1 + 2 * bad.length);
    expect(await shown(id)).toMatchObject({ progress: bad.length - 1 });
  });

  it('judges a line as the route of its kind does', async () => {
    const id = await createDialog(app, headers, example);
    const foreign = await createDialog(app, await fixture.as('nav'), {
      ...example,
      serviceResource: 'urn:altinn:resource:nav-sick-leave',
    }).catch(() => randomUUIDv7());
    const requests: [BatchLineInput, string, string][] = [
      [create({ party: 'nobody', searchTags: [{ value: 'x' }] }), 'POST', dialogs],
      [create({ serviceResource: 'urn:altinn:resource:none-such' }), 'POST', dialogs],
      [create({ serviceResource: 'urn:altinn:resource:nav-sick-leave' }), 'POST', dialogs],
      [{ kind: 'UpdateDialog', dialogId: id, body: { status: 'Nonsense' } }, 'PUT', `${dialogs}/${id}`],
      [{ kind: 'UpdateDialog', dialogId: foreign, body: { progress: 101, content } }, 'PUT', `${dialogs}/${foreign}`],
      [{ kind: 'UpdateDialog', dialogId: id, body: { progress: 101, content } }, 'PUT', `${dialogs}/${id}`],
      [replace(id, '/nothing/here', 1), 'PATCH', `${dialogs}/${id}`],
      [{ kind: 'PatchDialog', dialogId: id, body: { op: 'add' } }, 'PATCH', `${dialogs}/${id}`],
      [{ kind: 'CreateTransmission', dialogId: id, body: {} }, 'POST', `${dialogs}/${id}/transmissions`],
      [
        { kind: 'CreateActivity', dialogId: id, body: { ...activity, isSilentUpdate: 7 } },
        'POST',
        `${dialogs}/${id}/activities`,
      ],
      [{ kind: 'DeleteDialog', dialogId: foreign }, 'DELETE', `${dialogs}/${foreign}`],
    ];
    const outcomes = await send(requests.map(([line]) => line));
    for (const [index, [line, method, path]] of requests.entries()) {
      const alone = await app.request(path, {
        ...{ method, headers: { ...headers, 'Content-Type': 'application/json' } },
        ...(line.body !== undefined && { body: JSON.stringify(line.body) }),
      });
      const { instance: _, traceId: __, ...told } = problem.parse(await alone.json());
      expect({ path, told: outcomes[index]?.problem }).toEqual({ path, told });
      expect(outcomes[index]).toMatchObject({ status: alone.status, kind: line.kind });
    }
  });

  it('applies thousands of lines of a few dialogs in their order', async () => {
    const ids = Array.from({ length: 3 }, () => randomUUIDv7());
    const lines = ids.map((id) => create({ id, externalReference: '0' }));
    for (let number = 1; number <= 1_000; number += 1) {
      for (const dialogId of ids) {
        // Fails unless the one before it has been applied, and nothing after it.
        const test = { op: 'test', path: '/externalReference', value: String(number - 1) };
        const body = [test, { op: 'replace', path: '/externalReference', value: String(number) }];
        lines.push({ kind: 'PatchDialog', dialogId, isSilentUpdate: true, body });
      }
    }
    const outcomes = await send(lines);
    expect(outcomes.filter(({ status }) => status >= 300)).toEqual([]);
    expect(outcomes).toHaveLength(lines.length);
    for (const id of ids) expect(await shown(id)).toMatchObject({ externalReference: '1000' });
  }, 120_000);

  it('keeps the order also when lanes are full all the time, and fails no line', async () => {
    const narrow = await fixture.openGateway({ lanes: { waitingCommandsMax: 3 } });
    const ids = Array.from({ length: 4 }, () => randomUUIDv7());
    const lines = ids.map((id) => create({ id, externalReference: '0' }));
    for (let number = 1; number <= 25; number += 1) {
      for (const dialogId of ids) {
        const test = { op: 'test', path: '/externalReference', value: String(number - 1) };
        lines.push({
          kind: 'PatchDialog',
          dialogId,
          body: [test, { op: 'replace', path: '/externalReference', value: String(number) }],
        });
      }
    }
    expect((await send(lines, {}, narrow)).filter(({ status }) => status >= 300)).toEqual([]);
  });

  it('answers as soon as lines are accepted, if that is preferred', async () => {
    const answer = await app.request(batchPath, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/x-ndjson', Prefer: 'respond-async' },
      body: ndjson([create(), create({ party: 'nobody' })]),
    });
    expect(answer.headers.get('preference-applied')).toBe('respond-async');
    const [accepted, bad] = (await allOutcomes(answer)).toSorted((one, other) => one.status - other.status);
    expect(accepted).toEqual({
      ...{ line: 1, status: 202, kind: 'CreateDialog' },
      ...{ dialogId: expect.any(String), operationId: expect.any(String) },
    });
    expect(bad).toMatchObject({ line: 2, status: 400 });
    const path = `/api/v1/serviceowner/operations/${accepted?.operationId}`;
    const told = await app.request(path, { headers: { ...headers, Prefer: 'wait=10' } });
    expect(operation.parse(await told.json())).toMatchObject({ status: 'Applied', dialogId: accepted?.dialogId });
  });
});

describe('a batch that is sent again', () => {
  it('applies each line with a key once, and tells how it had ended', async () => {
    const prefix = randomUUID().slice(0, 8);
    const id = randomUUIDv7();
    const lines: BatchLineInput[] = [
      create({ id }, { idempotentKey: `${prefix}-1` }),
      { kind: 'CreateTransmission', dialogId: id, body: transmission, idempotentKey: `${prefix}-2` },
      { kind: 'CreateActivity', dialogId: id, body: activity, idempotentKey: `${prefix}-3` },
      replace(id, '/progress', 40, { idempotentKey: `${prefix}-4` }),
      replace(id, '/progress', 50, { idempotentKey: `${prefix}-5`, ifMatch: randomUUID() }),
      create({ idempotentKey: `${prefix}-6` }, { idempotentKey: `${prefix}-7` }),
      { kind: 'DeleteDialog', dialogId: id, idempotentKey: `${prefix}-8` },
    ];
    const first = await send(lines);
    expect(statusesOf(first)).toEqual([201, 201, 201, 204, 412, 201, 204]);
    const again = await send(lines);
    expect(statusesOf(again)).toEqual([200, 200, 200, 200, 410, 200, 200]);
    for (const [index, outcome] of again.entries()) {
      if (outcome.status !== 200) continue;
      const { status: _, revision, ...then } = first[index] ?? {};
      expect(outcome).toMatchObject({ ...then, repeated: true });
      if (outcome.kind !== 'CreateDialog') expect(outcome.revision).toBe(revision);
    }
    const dialog = await shown(id);
    expect([dialog.transmissions.length, dialog.activities.length, dialog.progress]).toEqual([1, 1, 40]);
  });

  it('applies each change once when it was broken off in the middle', async () => {
    const prefix = randomUUID().slice(0, 8);
    const id = randomUUIDv7();
    const added = Array.from({ length: 600 }, (_, index): BatchLineInput => {
      return { kind: 'CreateActivity', dialogId: id, body: activity, idempotentKey: `${prefix}-${index}` };
    });
    const lines = [create({ id }, { idempotentKey: `${prefix}-create` }), ...added];
    const answer = await app.request(batchPath, {
      ...{ method: 'POST', headers: { ...headers, 'Content-Type': 'application/x-ndjson' }, body: ndjson(lines) },
    });
    for await (const { status } of outcomesOf(answer)) {
      expect(status).toBe(201);
      break;
    }
    const outcomes = await send(lines);
    expect(outcomes.filter(({ status }) => status !== 200 && status !== 201)).toEqual([]);
    expect(outcomes.filter(({ repeated }) => repeated).length).toBeGreaterThan(0);
    expect((await shown(id)).activities).toHaveLength(600);
  });

  it('may use a key for another dialog, and for another organisation', async () => {
    const ids = [await createDialog(app, headers, example), await createDialog(app, headers, example)];
    const lines = ids.map((id) => replace(id, '/progress', 9, { idempotentKey: 'the same' }));
    expect(statusesOf(await send(lines))).toEqual([204, 204]);
    const stranger = await sendBatch(app, await fixture.as('nav'), lines);
    expect(statusesOf(stranger)).toEqual([404, 404]);
  });
});

describe('a caller', () => {
  it('that does not take its outcomes is not read any more, and gets them all when it does', async () => {
    const narrow = await fixture.openGateway({ limits: { batchLinesMax: 50 } });
    const linesCount = 1_000;
    let sent = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          sent += 1;
          controller.enqueue(Buffer.from(ndjson([create({ progress: sent % 100 })])));
          if (sent === linesCount) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const init = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/x-ndjson' }, body };
    const answer = await narrow.request(batchPath, { ...init, ...{ duplex: 'half' } });
    await vi.waitFor(() => expect(sent).toBeGreaterThan(49), { timeout: 10_000 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    // One more has been read, and waits; one may be on its way.
    expect(sent).toBeLessThan(60);
    const outcomes = await allOutcomes(answer);
    expect(new Set(outcomes.map(({ line }) => line)).size).toBe(linesCount);
    expect(outcomes.every(({ status }) => status === 201)).toBe(true);
  });

  it('gets outcomes while it still sends', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const init = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/x-ndjson' }, body: readable };
    const answer = await app.request(batchPath, { ...init, ...{ duplex: 'half' } });
    const outcomes = outcomesOf(answer);
    for (let line = 1; line <= 3; line += 1) {
      void writer.write(Buffer.from(ndjson([create()])));
      expect((await outcomes.next()).value).toMatchObject({ line, status: 201 });
    }
    await writer.close();
    expect(await outcomes.next()).toEqual({ done: true, value: undefined });
  });

  it('may compress what it sends', async () => {
    const body = gzipSync(ndjson([create(), create()]));
    expect(statusesOf(await send(body, { 'Content-Encoding': 'gzip' }))).toEqual([201, 201]);
    const broken = await send(body.subarray(0, body.length - 20), { 'Content-Encoding': 'gzip' });
    expect(broken.at(-1)).toMatchObject({ status: 400 });
  });

  it.each([
    [{ 'Content-Type': 'application/json' }, 415],
    [{ 'Content-Encoding': 'br' }, 415],
    [{ 'Content-Type': 'application/x-ndjson; charset=latin1' }, 415],
    [{ Authorization: 'Bearer none' }, 401],
  ])('with %j gets %i', async (wrong, status) => {
    const answer = await app.request(batchPath, {
      ...{ method: 'POST', body: '', headers: { ...headers, 'Content-Type': 'application/x-ndjson', ...wrong } },
    });
    expect(answer.status).toBe(status);
  });

  it('that sends nothing gets nothing', async () => expect(await send('')).toEqual([]));

  it('gets 503 when there are too many of them', async () => {
    const busy = await fixture.openGateway({ limits: { batchesMax: 0 } });
    await expect(send([create()], {}, busy)).rejects.toThrow('503');
  });

  it('is told with which line reading stopped when the service stops, and how those before it ended', async () => {
    const closing = new AbortController();
    const leaving = await fixture.openGateway({ closing: closing.signal });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const init = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/x-ndjson' }, body: readable };
    const answer = await leaving.request(batchPath, { ...init, ...{ duplex: 'half' } });
    const outcomes = outcomesOf(answer);
    void writer.write(Buffer.from(ndjson([create(), create()])));
    expect((await outcomes.next()).value).toMatchObject({ status: 201 });
    closing.abort();
    const rest: [number, number][] = [];
    for await (const { line, status } of outcomes) rest.push([line, status]);
    expect(rest).toEqual([
      [expect.any(Number), 201],
      [3, 503],
    ]);
  });
});
