import { describe, expect, it } from 'vitest';
import { redisNodes, redisUrl } from './redis-url.ts';

describe('REDIS_URL', () => {
  it.each([
    'redis://127.0.0.1',
    'redis://:secret@redis.example:6380/2',
    'rediss://user:secret@redis.example',
    'redis://:secret@one:7000,redis://:secret@two:7000, redis://:secret@three:7001/',
  ])('may be %s', (text) => {
    expect(redisUrl.parse(text)).toBe(text);
  });

  it.each([
    ['no Redis', 'http://127.0.0.1'],
    ['no URL', '127.0.0.1:6379'],
    ['a cluster with a node that is none', 'redis://one:7000,two:7000'],
    ['a cluster with nothing behind the comma', 'redis://one:7000,'],
    ['a cluster with different passwords', 'redis://:one@one:7000,redis://:two@two:7000'],
    ['a cluster with different users', 'redis://one:secret@one:7000,redis://two:secret@two:7000'],
    ['a cluster half of which is encrypted', 'redis://one:7000,rediss://two:7000'],
    ['a cluster with a database, which it has not', 'redis://one:7000/1,redis://two:7000/1'],
  ])('may not be %s', (_, text) => {
    expect(redisUrl.safeParse(text).error?.issues).toMatchObject([
      { message: expect.stringMatching(/^must be a URL/) },
    ]);
  });

  it('names one server, or nodes of a cluster', () => {
    expect(redisNodes('redis://one').map(({ host }) => host)).toEqual(['one']);
    expect(redisNodes('redis://one:1, redis://two:2').map(({ host }) => host)).toEqual(['one:1', 'two:2']);
  });
});
