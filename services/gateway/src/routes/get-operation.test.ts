import { randomUUID } from 'node:crypto';
import type { OwnedOperation } from '@dialog/contracts/operation';
import { problem } from '@dialog/contracts/problem';
import { describe, expect, it } from 'vitest';
import type { GatewayDeps } from '../app.ts';
import { asServiceOwner, ended, exampleApp } from '../testing/example-app.ts';

describe('an operation', () => {
  const known: OwnedOperation = { ...ended('Applied', { revision: randomUUID() }), org: 'ttd' };
  const path = `/api/v1/serviceowner/operations/${known.id}`;
  const knowing = (wait: GatewayDeps['lanes']['wait']) =>
    exampleApp({ lanes: { submit: async () => ended('Queued'), wait } });

  it('is read by the organisation that sent it, and by nobody else', async () => {
    const mine = await knowing(async () => known).request(path, { headers: asServiceOwner });
    expect(mine.status).toBe(200);
    const { org: _, ...shown } = known;
    expect(await mine.json()).toEqual(shown);

    const theirs = knowing(async () => ({ ...known, org: 'nav' }));
    const missing = knowing(async () => undefined);
    for (const app of [theirs, missing]) {
      const answer = await app.request(path, { headers: asServiceOwner });
      expect(answer.status).toBe(404);
      expect(problem.parse(await answer.json()).errors).toHaveProperty('Operation');
    }
  });

  it('is waited for when the caller likes, up to the limit', async () => {
    const waits: number[] = [];
    const queued: OwnedOperation = { ...ended('Queued', { id: known.id }), org: 'ttd' };
    const app = knowing(async (_, waitMs) => {
      waits.push(waitMs);
      return waitMs === 0 ? queued : known;
    });
    const answer = await app.request(path, { headers: { ...asServiceOwner, Prefer: 'wait=999' } });
    expect(await answer.json()).toMatchObject({ status: 'Applied' });
    expect(answer.headers.get('preference-applied')).toBe('wait=30');
    expect(waits).toEqual([0, 30_000]);
  });

  it('that is not done says when to ask again', async () => {
    const queued: OwnedOperation = { ...ended('Queued', { id: known.id }), org: 'ttd' };
    const answer = await knowing(async () => queued).request(path, { headers: asServiceOwner });
    expect(await answer.json()).toMatchObject({ status: 'Queued' });
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('is streamed until it is final, with a sign of life in between', async () => {
    const queued: OwnedOperation = { ...ended('Queued', { id: known.id }), org: 'ttd' };
    const told: OwnedOperation[] = [queued, queued, known];
    const app = knowing(async () => told.shift());
    const answer = await app.request(path, { headers: { ...asServiceOwner, Accept: 'text/event-stream' } });
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const blocks = (await answer.text()).trim().split('\n\n');
    expect(blocks.map((block) => block.split('\n')[0])).toEqual(['event: operation', ': queued', 'event: operation']);
    expect(blocks[0]).toContain('"status":"Queued"');
    expect(blocks[2]).toContain('"status":"Applied"');
    expect(blocks[2]).toContain('id: Applied');
  });

  it('is not streamed again to who has seen the end', async () => {
    const headers = { ...asServiceOwner, Accept: 'text/event-stream', 'Last-Event-ID': 'Applied' };
    expect((await knowing(async () => known).request(path, { headers })).status).toBe(204);
  });

  it('is no longer waited for when the process stops', async () => {
    const queued: OwnedOperation = { ...ended('Queued', { id: known.id }), org: 'ttd' };
    const closing = new AbortController();
    const app = exampleApp({
      closing: closing.signal,
      lanes: {
        submit: async () => ended('Queued'),
        wait: async (_, waitMs, signal) => {
          if (waitMs > 0) {
            const aborted = new Promise((resolve) => signal?.addEventListener('abort', resolve));
            closing.abort();
            await aborted;
          }
          return queued;
        },
      },
    });
    const polled = await app.request(path, { headers: { ...asServiceOwner, Prefer: 'wait=20' } });
    expect(await polled.json()).toMatchObject({ status: 'Queued' });
    const streamed = await app.request(path, { headers: { ...asServiceOwner, Accept: 'text/event-stream' } });
    expect(await streamed.text()).toContain('"status":"Queued"');
  });
});
