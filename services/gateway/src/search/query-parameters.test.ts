import { dialogStatus } from '@dialog/contracts/enumerations';
import { describe, expect, it } from 'vitest';
import { QueryParameters } from './query-parameters.ts';

function query(text: string): QueryParameters {
  return new QueryParameters(`https://dialogs.example/list?${text}`);
}

describe('a list', () => {
  it.each([
    ['', []],
    ['party=a', ['a']],
    ['party=a&PARTY=b&x=c', ['a', 'b']],
    ['party=%5B%22a%22,%22b%22%5D', ['a', 'b']],
    ['party=[1,2]&party=c', ['1', '2', 'c']],
    ['party=a,b', ['a,b']],
    ['party=[a', ['[a']],
    ['party=[[]]', ['[[]]']],
    ['party=[]', []],
    ['party=', ['']],
    ['party=a&party=a', ['a']],
  ])('in %j is %j', (text, values) => {
    expect(query(text).list('party')).toEqual(values);
  });
});

describe('a scalar', () => {
  it.each([
    ['', undefined],
    ['name=', undefined],
    ['NAME=a%20b', 'a b'],
    ['name=a&name=b', 'b'],
    ['name=["a"]', '["a"]'],
  ])('in %j is %j', (text, value) => {
    expect(query(text).text('name')).toBe(value);
  });
});

describe('what is wrong', () => {
  it.each<[string, (parameters: QueryParameters) => unknown, string]>([
    ['at=yesterday', (given) => given.timestamp('at'), 'at'],
    ['at=2026-01-01T00:00:00', (given) => given.timestamp('at'), 'at'],
    ['is=1', (given) => given.boolean('is'), 'is'],
    ['limit=0', (given) => given.integer('limit', 1, 10), 'limit'],
    ['limit=11', (given) => given.integer('limit', 1, 10), 'limit'],
    ['limit=1.5', (given) => given.integer('limit', 1, 10), 'limit'],
    ['limit=x', (given) => given.integer('limit', 1, 10), 'limit'],
    ['status=Draft&status=New', (given) => given.enumerations('status', dialogStatus), 'status'],
    ['status=Draft&status=9', (given) => given.enumerations('status', dialogStatus), 'status[1]'],
    ['status=', (given) => given.enumerations('status', dialogStatus), 'status'],
    ['name=a%00', (given) => given.text('name'), 'name'],
    ['name=["a\\u0000"]', (given) => given.list('name'), 'name'],
  ])('in %j is told under its key', (text, read, key) => {
    const given = query(text);
    read(given);
    expect([given.isValid, Object.keys(given.errors)]).toEqual([false, [key]]);
  });

  it('says how a + is written, where a bare one has become a blank', () => {
    const given = query('at=2026-01-01T01:00:00+01:00');
    given.timestamp('at');
    expect(given.errors).toEqual({ at: [expect.stringContaining('%2B')] });
  });

  it('is nothing where values are right', () => {
    const given = query('at=2026-01-01T01:00:00%2B01:00&is=TRUE&limit=10&status=draft&status=6&one=Awaiting');
    expect(given.timestamp('at')).toBe('2026-01-01T00:00:00.0000000Z');
    expect(given.boolean('is')).toBe(true);
    expect(given.integer('limit', 1, 10)).toBe(10);
    expect(given.enumerations('status', dialogStatus)).toEqual(['Draft', 'Completed']);
    expect(given.enumeration('one', dialogStatus)).toBe('Awaiting');
    expect(given.errors).toEqual({});
  });
});
