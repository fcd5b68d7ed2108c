import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { dialogView } from '@dialog/contracts/dialog-view';
import type { Database } from '@dialog/database/open';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Listening, listen } from './listen.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';
import {
  at,
  dialog,
  dialogs,
  odd,
  refused,
  refusedElsewhere,
  type Sent,
  serviceOwner,
} from './testing/hostile-requests.ts';

const activity = { type: 'FormSaved', performedBy: serviceOwner };
const scopes = ['', '.search', '.admin'].map((name) => `${serviceProvider}${name}`).join(' ');

let fixture: GatewayFixture;
let server: Listening;
let db: Database;
let authorization: Record<string, string>;
let everyScope: Record<string, string>;
/** The dialog that the requests are about, and another one whose writer must not notice. */
let target: string;
let other: string;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  const app = await fixture.openGateway();
  authorization = await fixture.as('ttd');
  everyScope = await fixture.as('ttd', scopes);
  server = await listen((incoming) => app.fetch(incoming), {
    ...{ port: 0, hostname: '127.0.0.1', keepAliveTimeoutMs: 1_000, requestTimeoutMs: 60_000 },
  });
  db = fixture.openDatabase();
  target = await createdId();
  other = await createdId();
});
afterAll(async () => {
  await server.close();
  await fixture.close();
});

/** A request as no client library would send it: bytes as they are, and a list chunk by chunk, without a length. */
async function send({ method = 'POST', path = dialogs, headers = {}, body = '' }: Sent) {
  const chunks = typeof body === 'string' ? [Buffer.from(body)] : Buffer.isBuffer(body) ? [body] : body;
  const length = chunks === body ? {} : { 'Content-Length': String(chunks[0]?.length) };
  const outgoing = request({
    ...{ host: '127.0.0.1', port: server.port, method, path, agent: false },
    headers: { ...authorization, 'Content-Type': 'application/json', ...headers, ...length },
  });
  const answered = Promise.withResolvers<IncomingMessage>();
  outgoing.on('response', answered.resolve);
  // The gateway may answer and hang up before it has read everything.
  outgoing.on('error', (err) => answered.reject(err));
  for (const chunk of chunks) outgoing.write(chunk);
  outgoing.end();
  const incoming = await answered.promise;
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    text: await text(incoming),
  };
}

async function createdId(): Promise<string> {
  const { status, text: id } = await send({ body: JSON.stringify(dialog) });
  if (status !== 201) throw new Error(id);
  return JSON.parse(id);
}

/** Adds activities to the other dialog, one after the other, until something is answered. */
async function appendsUntil<Answer>(pending: Promise<Answer>): Promise<{ answer: Answer; slowestMs: number }> {
  let isPending = true;
  const answered = pending.finally(() => {
    isPending = false;
  });
  let slowestMs = 0;
  do {
    const startedAt = performance.now();
    const { status } = await send({ path: `${dialogs}/${other}/activities`, body: JSON.stringify(activity) });
    expect(status).toBe(201);
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
  } while (isPending);
  return { answer: await answered, slowestMs };
}

async function countOf(table: 'dialog' | 'dead_letter'): Promise<number> {
  const { count } = await db
    .selectFrom(table)
    .select((rows) => rows.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function shown(id: string) {
  const { text: json } = await send({ method: 'GET', path: `${dialogs}/${id}` });
  return dialogView.parse(JSON.parse(json));
}

const title = '%s: is told so, stores nothing, and holds up nobody';

async function isTold(sent: Sent, status: number, key?: string): Promise<void> {
  const before = await shown(target);
  const path = (sent.path ?? dialogs).replace('TARGET', target);
  const { answer, slowestMs } = await appendsUntil(send({ ...sent, path }));
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = JSON.parse(answer.text);
  expect(problem).toMatchObject({ status, title: expect.any(String), type: expect.stringMatching(/^https:/) });
  if (key !== undefined) expect(Object.keys(problem.errors)).toContain(key);
  expect(answer.text.length).toBeLessThan(300_000);
  expect(await shown(target)).toEqual(before);
  expect(slowestMs).toBeLessThan(5_000);
}

describe('a request that cannot be served', () => {
  it.each(refused)(title, (_, ...row) => isTold(...row));
  it.each(refusedElsewhere)(title, (_, sent, ...expected) =>
    isTold({ ...sent, headers: { ...sent.headers, ...everyScope } }, ...expected),
  );

  it('leaves nothing behind', async () => {
    expect(await countOf('dialog')).toBe(2);
    expect(await countOf('dead_letter')).toBe(0);
  });
});

describe('a request that only looks odd', () => {
  it.each(odd)('%s', async (_, sent, expected) => {
    const { status, text: answer } = await send(sent);
    expect([status, answer]).toEqual([201, expect.any(String)]);
    expect(await shown(JSON.parse(answer))).toMatchObject(expected);
  });

  it.each([
    ['upper case', (id: string) => `/API/V1/ServiceOwner/DIALOGS/${id.toUpperCase()}`],
    ['encoded hyphens', (id: string) => `${dialogs}/${id.replaceAll('-', '%2D')}`],
    ['encoded letters', (id: string) => `${dialogs.replace('dialogs', '%64ialogs')}/${id}`],
    ['an empty query', (id: string) => `${dialogs}/${id}?isSilentUpdate=&endUserId=`],
  ])('a path with %s', async (_, pathOf) => {
    expect((await send(at(pathOf(target)))).status).toBe(204);
  });
});
