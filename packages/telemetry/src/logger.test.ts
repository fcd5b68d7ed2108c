import { expect, it } from 'vitest';
import { createLogger, maskPersons } from './logger.ts';

function captured() {
  const lines: string[] = [];
  const log = createLogger('gateway', 'info', { write: (line) => lines.push(line) });
  return { log, last: () => JSON.parse(lines.at(-1) ?? 'null'), text: () => lines.join('') };
}

it('writes one JSON line with service, level, time, message and fields', () => {
  const { log, last } = captured();
  log.info({ lane: 3 }, 'envelope applied');
  expect(last()).toMatchObject({ service: 'gateway', level: 'info', lane: 3, msg: 'envelope applied' });
  expect(Date.parse(last().time)).not.toBeNaN();
});

it.each([
  { authorization: 'Bearer secret-1' },
  { headers: { authorization: 'secret-1' } },
  { request: { headers: { Authorization: 'secret-1', cookie: 'secret-1' } } },
  { token: 'secret-1' },
  { command: { payload: { content: 'secret-1' } } },
  { body: 'secret-1' },
  { dialog: { party: 'secret-1' } },
])('keeps secret fields out: %j', (fields) => {
  const { log, text } = captured();
  log.info(fields, 'something');
  expect(text()).toContain('[redacted]');
  expect(text()).not.toContain('secret-1');
});

it('masks persons and tokens wherever they stand in the text', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9.eyJwaWQiOiIwMTgxNzAzMDA4MCJ9.c2ln';
  const { log, text } = captured();
  log.info({ query: '?party=urn%3Aaltinn%3Aperson%3Aidentifier-no%3A01817030080&x=1' }, 'a');
  log.info(
    `no name for urn:altinn:person:identifier-no:01817030080, nor urn:altinn:person:idporten-email:kari@fisk.no`,
  );
  log.warn({ err: new Error(`refused ${token}`, { cause: new Error('urn:altinn:person:identifier-no:01817030080') }) });
  expect(text()).not.toMatch(/01817030080|kari@|eyJ/);
  expect(text()).toContain('&x=1');
});

it('leaves organisations readable', () => {
  const urn = 'urn:altinn:organization:identifier-no:991825827';
  expect(maskPersons(urn)).toBe(urn);
});

it('reduces errors to what carries no data, causes included', () => {
  const { log, last, text } = captured();
  const cause = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Failing row contains (secret-1)' });
  log.error({ err: new Error('write failed', { cause }) }, 'x');
  expect(last().err).toMatchObject({ message: 'write failed', cause: { message: 'duplicate key', code: '23505' } });
  expect(last().err.stack).toContain('logger.test.ts');
  expect(text()).not.toContain('secret-1');
});

it('keeps secrets out of the fields of a child logger', () => {
  const { log, text } = captured();
  log.child({ party: 'secret-1', actorId: 'secret-1' }).info('x');
  expect(text()).not.toContain('secret-1');
});

it('keeps dates and nested values readable', () => {
  const { log, last } = captured();
  log.info({ at: new Date(0), lanes: [{ lane: 1, depth: 2 }], none: null }, 'x');
  expect(last()).toMatchObject({ at: '1970-01-01T00:00:00.000Z', lanes: [{ lane: 1, depth: 2 }], none: null });
});
