import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import {
  ConfigurationError,
  durationMs,
  flag,
  listOf,
  parseConfig,
  port,
  readableFile,
  secretFile,
  trustedUrl,
  url,
} from './config.ts';

const schema = z
  .object({
    PORT: port.default(8080),
    WRITE_WAIT_MS: durationMs(1, 60_000).default(10_000),
    DATABASE_URL: url(['postgres', 'postgresql']),
    TOKEN_ISSUERS: listOf(trustedUrl),
    SILENT: flag.default(false),
  })
  .transform((env) => ({ port: env.PORT, writeWaitMs: env.WRITE_WAIT_MS, issuers: env.TOKEN_ISSUERS }));

const right = { DATABASE_URL: 'postgres://u:p@db/x', TOKEN_ISSUERS: 'https://a.example/, http://127.0.0.1:4000' };

it('turns the environment into the typed object, with defaults for absent and empty variables', () => {
  expect(parseConfig(schema, { ...right, PORT: '', HOME: '/' })).toEqual({
    port: 8080,
    writeWaitMs: 10_000,
    issuers: ['https://a.example', 'http://127.0.0.1:4000'],
  });
});

it.each([
  [{ PORT: '65536' }, 'PORT: must be a whole number from 0 to 65535'],
  [{ PORT: '0x10' }, 'PORT: must be a whole number from 0 to 65535'],
  [{ PORT: ' 80' }, 'PORT: must be a whole number from 0 to 65535'],
  [{ WRITE_WAIT_MS: '0' }, 'WRITE_WAIT_MS: must be a whole number from 1 to 60000'],
  [{ DATABASE_URL: undefined }, 'DATABASE_URL: must be set'],
  [{ DATABASE_URL: 'mysql://db' }, 'DATABASE_URL: must be a URL that begins with postgres:// or postgresql://'],
  [{ SILENT: 'yes' }, 'SILENT: must be true or false'],
  [
    { TOKEN_ISSUERS: 'https://a.example,http://b.example' },
    'TOKEN_ISSUERS: must be an https:// URL (http:// only for localhost, 127.0.0.1 or [::1])',
  ],
])('names the variable that is wrong: %j', (wrong, line) => {
  expect(() => parseConfig(schema, { ...right, ...wrong })).toThrow(new ConfigurationError(line));
});

it.each(['http://127.0.0.1.evil.example', 'http://127evil.example', 'http://localhost.example', 'ftp://localhost', ''])(
  'trusts plain http on this machine only, not %s',
  (text) => {
    expect(trustedUrl.safeParse(text).success).toBe(false);
  },
);

it('reports all wrong variables at once, a line each, without their values', () => {
  const env = { PORT: 'secret-1', SILENT: 'secret-1' };
  expect(() => parseConfig(schema, env)).toThrow(/^PORT: .*\nDATABASE_URL: .*\nTOKEN_ISSUERS: .*\nSILENT: .*$/);
  expect(() => parseConfig(schema, env)).not.toThrow(/secret-1/);
});

it('reads a secret from its file, and refuses one that can be guessed, without showing it', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const parse = (text: string) => {
    const file = path.join(folder, 'secret');
    writeFileSync(file, text);
    return parseConfig(z.object({ SECRET_FILE: secretFile, CREDS: readableFile }), { SECRET_FILE: file, CREDS: file });
  };
  expect(parse(`${'s'.repeat(32)}\n`)).toEqual({ SECRET_FILE: 's'.repeat(32), CREDS: path.join(folder, 'secret') });
  expect(() => parse(`${'s'.repeat(31)}\n`)).toThrow(
    new ConfigurationError('SECRET_FILE: must name a file that holds at least 32 characters'),
  );
});
