import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EventStream, openEventStream } from './event-stream.ts';
import type { GatewayEnv } from './gateway-app.ts';
import { listen } from './listen.ts';
import { type ReadEvent, readEvents } from './testing/server-sent-events.ts';

const settings = { heartbeatMs: 1_000, eventIntervalMs: 100 };
const updated = (number: number) => ({ event: 'updated', id: String(number), data: { number } });
const end = { event: 'end', data: { reason: 'over' } };

function opened() {
  const [onClosed, cut] = [vi.fn(), vi.fn()];
  const stream = openEventStream(settings, { onClosed, cut });
  const reader = readEvents(stream);
  return { ...stream, ...reader, onClosed, cut };
}

/** What is read within a time, and nothing after it. */
async function within(ms: number, read: Promise<ReadEvent | undefined>): Promise<ReadEvent | undefined | 'nothing'> {
  const late = new Promise<'nothing'>((resolve) => setTimeout(() => resolve('nothing'), ms));
  const first = Promise.race([read, late]);
  await vi.advanceTimersByTimeAsync(ms);
  return first;
}

describe('a stream of events', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('sends an event at once, with its id', async () => {
    const { send, next } = opened();
    const read = next();
    send(updated(1));
    expect(await within(0, read)).toEqual({ event: 'updated', id: '1', data: { number: 1 } });
  });

  it('says how soon to come back', async () => {
    const stream = openEventStream(settings, { onClosed: vi.fn(), cut: vi.fn() });
    stream.send({ ...updated(1), retryMs: 2_500 });
    const { value } = await stream.body.getReader().read();
    expect(new TextDecoder().decode(value)).toBe('event: updated\nid: 1\nretry: 2500\ndata: {"number":1}\n\n');
  });

  it('lets some time pass from one event to the next, and puts together what comes in between', async () => {
    const { send, next } = opened();
    send(updated(1));
    await next();
    for (const number of [2, 3, 4]) send(updated(number));
    const read = next();
    expect(await within(99, read)).toBe('nothing');
    expect(await within(1, read)).toMatchObject({ id: '4' });
    expect(await within(500, next())).toBe('nothing');
  });

  it('keeps events of another name, in the order of their last news', async () => {
    const { send, next } = opened();
    send(updated(1));
    send({ event: 'deleted', id: '2', data: {} });
    send(updated(3));
    expect(await within(0, next())).toMatchObject({ event: 'deleted', id: '2' });
    expect(await within(100, next())).toMatchObject({ event: 'updated', id: '3' });
  });

  it('makes nothing for a reader that is not ready, and keeps the news alone', async () => {
    const { send, next } = opened();
    for (let number = 1; number <= 1_000; number += 1) send(updated(number));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await within(0, next())).toMatchObject({ id: '1000' });
    expect(await within(100, next())).toBe('nothing');
  });

  it('shows that it lives when there is nothing to tell', async () => {
    const { next } = opened();
    const read = next();
    expect(await within(999, read)).toBe('nothing');
    expect(await within(1, read)).toMatchObject({ event: ':' });
    expect(await within(1_000, next())).toMatchObject({ event: ':' });
  });

  it('ends with what waits and its last event, and closes', async () => {
    const { send, end: finish, next, onClosed, cut } = opened();
    send(updated(1));
    await next();
    send(updated(2));
    finish(end);
    send(updated(3));
    expect([await next(), await next(), await next()]).toMatchObject([{ id: '2' }, { event: 'end' }, undefined]);
    expect(onClosed).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(cut).not.toHaveBeenCalled();
  });

  it('wakes a reader that waits, to end', async () => {
    const { end: finish, next } = opened();
    const read = next();
    finish(end);
    finish({ event: 'end', data: { reason: 'another' } });
    expect(await within(0, read)).toMatchObject({ event: 'end', data: { reason: 'over' } });
  });

  it('is cut when its reader does not take the end', async () => {
    const { end: finish, next, onClosed, cut } = opened();
    finish(end);
    await vi.advanceTimersByTimeAsync(999);
    expect(cut).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(cut).toHaveBeenCalledOnce();
    expect(onClosed).toHaveBeenCalledOnce();
    expect(await next()).toBeUndefined();
  });

  it('closes once when its reader leaves, while it waits too', async () => {
    const { send, end: finish, leave, next, onClosed } = opened();
    void next();
    await leave();
    expect(onClosed).toHaveBeenCalledOnce();
    send(updated(1));
    finish(end);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onClosed).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('over a connection', () => {
  it('a reader that reads no more does not keep the server from stopping', async () => {
    const streams: EventStream[] = [];
    const closed = vi.fn();
    const app = new Hono<GatewayEnv>().get('/', (c) => {
      const { outgoing } = { ...c.env };
      const stream = openEventStream(
        { heartbeatMs: 1_000, eventIntervalMs: 0 },
        { onClosed: closed, cut: () => outgoing?.destroy() },
      );
      streams.push(stream);
      return c.body(stream.body, 200);
    });
    const server = await listen(app.fetch, {
      port: 0,
      hostname: '127.0.0.1',
      keepAliveTimeoutMs: 1_000,
      requestTimeoutMs: 60_000,
    });
    const reader = connect(server.port, '127.0.0.1').pause();
    reader.write('GET / HTTP/1.1\r\nHost: gateway\r\n\r\n');
    const stream = await vi.waitFor(() => streams[0] ?? Promise.reject(new Error('No request yet.')));

    // More than the buffers of both ends take.
    const large = 'x'.repeat(1_000_000);
    for (let number = 1; number <= 50; number += 1) {
      stream.send({ event: 'updated', data: { number, large } });
      await nextTurn();
    }
    stream.end(end);
    await server.close();
    expect(closed).toHaveBeenCalledOnce();
    reader.destroy();
  });
});
