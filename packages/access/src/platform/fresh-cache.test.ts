import { createLogger } from '@dialog/telemetry/logger';
import { expect, it } from 'vitest';
import { UpstreamFailure } from '../upstream-failure.ts';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';

/** A cache over a source that counts its loads and answers with their number, unless told otherwise. */
function cacheOver(change: Partial<CacheSettings> & { weigh?: (value: string) => number } = {}) {
  const source = {
    loads: 0,
    answer: async (): Promise<string | undefined> => `value ${source.loads}`,
    time: 0,
  };
  const load = () => {
    source.loads += 1;
    return source.answer();
  };
  const settings = { freshMs: 20, failSafeMs: 100, waitMs: 1_000, retryAfterMs: 5, entriesMax: 10, ...change };
  const log = createLogger('test', 'silent');
  const cache = createFreshCache('test', load, { ...settings, log, now: () => source.time });
  return { source, get: (key = 'k') => cache.get(key), put: cache.put };
}

const away = () => Promise.reject(new Error('away'));

it('loads once while the value is fresh', async () => {
  const { source, get } = cacheOver();
  expect(await get()).toBe('value 1');
  source.time = 19;
  expect(await get()).toBe('value 1');
  expect(source.loads).toBe(1);
});

it('loads once for many that ask at the same time, and apart for each key', async () => {
  const { source, get } = cacheOver();
  expect(await Promise.all([get(), get(), get(), get('other')])).toEqual(['value 1', 'value 1', 'value 1', 'value 2']);
  expect(source.loads).toBe(2);
});

it('gives out a stale value at once and loads it anew in the background', async () => {
  const { source, get } = cacheOver();
  await get();
  source.time = 20;
  expect(await get()).toBe('value 1');
  await expect.poll(() => get()).toBe('value 2');
  expect(source.loads).toBe(2);
});

it('goes on giving out a stale value while the source is away, asking now and then, until fail-safe ends', async () => {
  const { source, get } = cacheOver();
  await get();
  source.answer = away;
  source.time = 20;
  expect([await get(), await get()]).toEqual(['value 1', 'value 1']);
  await expect.poll(() => source.loads).toBe(2);
  expect(await get()).toBe('value 1');
  expect(source.loads).toBe(2);
  source.time = 25;
  expect(await get()).toBe('value 1');
  expect(source.loads).toBe(3);
  source.time = 100;
  await expect(get()).rejects.toThrow('away');
});

it('lets a caller wait a little for a value that is better than a stale one', async () => {
  const { source, get } = cacheOver({ staleWaitMs: 20 });
  await get();
  source.time = 20;
  expect(await get()).toBe('value 2');
  source.time = 40;
  const late = Promise.withResolvers<string>();
  source.answer = () => late.promise;
  expect(await get()).toBe('value 2');
  // Who comes next does not wait again for what is known to be slow.
  const next = get();
  late.resolve('late');
  expect(await next).toBe('value 2');
  await expect.poll(() => get()).toBe('late');
  source.answer = away;
  source.time = 100;
  expect(await get()).toBe('late');
});

it('keeps neither failures nor absence', async () => {
  const { source, get } = cacheOver();
  source.answer = away;
  await expect(get()).rejects.toThrow('away');
  source.answer = async () => undefined;
  expect(await get()).toBeUndefined();
  source.answer = async () => 'there';
  expect(await get()).toBe('there');
});

it('forgets a value that is no longer there', async () => {
  const { source, get } = cacheOver();
  await get();
  source.time = 20;
  source.answer = async () => undefined;
  await get();
  await expect.poll(() => get()).toBeUndefined();
});

it('lets nobody wait too long, and keeps what comes late', async () => {
  const { source, get } = cacheOver({ waitMs: 5 });
  const late = Promise.withResolvers<string>();
  source.answer = () => late.promise;
  await expect(get()).rejects.toThrow(UpstreamFailure);
  late.resolve('late');
  expect(await get()).toBe('late');
  expect(source.loads).toBe(1);
});

it('holds as much as values weigh', async () => {
  const { source, get } = cacheOver({ entriesMax: 5, weigh: (value) => value.length - 5 });
  for (const key of ['a', 'b']) await get(key);
  source.answer = async () => 'value and more';
  for (const key of ['heavy', 'heavy', 'a', 'b']) await get(key);
  expect(source.loads).toBe(4);
});

it('holds so many keys and no more', async () => {
  const { source, get } = cacheOver({ entriesMax: 2 });
  for (const key of ['a', 'b', 'c', 'a']) await get(key);
  expect(source.loads).toBe(4);
});

it('needs no load for what it has been told', async () => {
  const { source, get, put } = cacheOver();
  put('k', 'told');
  source.time = 19;
  expect([await get(), source.loads]).toEqual(['told', 0]);
  source.time = 100;
  expect(await get()).toBe('value 1');
});
