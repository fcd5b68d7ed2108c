import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloneDir, readSettings } from './settings.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'settings-'));
  writeFileSync(path.join(folder, 'file'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(env: NodeJS.ProcessEnv) {
  return readSettings({ DATA_DIR: folder, ...env });
}

describe('the settings of npm start', () => {
  it('need nothing to be set', () => {
    expect(read({ DATA_DIR: undefined })).toEqual({ port: 8080, dataDir: path.join(cloneDir, '.data') });
  });

  it('are what the environment says', () => {
    const env = {
      PORT: '9090',
      DATABASE_URL: 'postgres://user:secret@db/dialogs',
      REDIS_URL: 'rediss://cache:6380',
      NATS_URL: 'nats://events',
      NATS_CREDS: path.join(folder, 'file'),
      TOKEN_ISSUERS: 'https://maskinporten.no/, http://127.0.0.1:9000/',
      ALTINN_PLATFORM_URL: 'https://platform.altinn.no/',
      ALTINN_EVENTS_URL: 'off',
    };
    expect(read(env)).toEqual({
      port: 9090,
      dataDir: folder,
      databaseUrl: env.DATABASE_URL,
      redisUrl: env.REDIS_URL,
      natsUrl: env.NATS_URL,
      natsCreds: env.NATS_CREDS,
      // An issuer is compared with what stands in tokens, to the last slash.
      tokenIssuers: ['https://maskinporten.no/', 'http://127.0.0.1:9000/'],
      altinnPlatformUrl: 'https://platform.altinn.no',
      altinnEventsUrl: 'off',
    });
  });

  it.each<[string, NodeJS.ProcessEnv]>([
    ['PORT', { PORT: 'http' }],
    ['PORT', { PORT: '65536' }],
    ['DATABASE_URL', { DATABASE_URL: 'mysql://user:secret@db' }],
    ['REDIS_URL', { REDIS_URL: 'localhost:6379' }],
    ['NATS_URL', { NATS_URL: 'http://events' }],
    ['NATS_CREDS', { NATS_URL: 'nats://events', NATS_CREDS: '/there/is/no/such.creds' }],
    ['NATS_CREDS', { NATS_CREDS: 'unused.creds' }],
    ['TOKEN_ISSUERS', { TOKEN_ISSUERS: 'https://maskinporten.no,http://example.com' }],
    ['TOKEN_ISSUERS', { TOKEN_ISSUERS: 'maskinporten.no' }],
    ['TOKEN_ISSUERS', { ALTINN_PLATFORM_URL: 'https://platform.altinn.no' }],
    ['ALTINN_PLATFORM_URL', { ALTINN_PLATFORM_URL: 'http://platform.altinn.no', TOKEN_ISSUERS: 'https://a.no' }],
    ['ALTINN_EVENTS_URL', { ALTINN_EVENTS_URL: 'on' }],
    ['DATA_DIR', { DATA_DIR: '/dev/null/data' }],
  ])('complain about a wrong %s in one line that names it: %j', (variable, env) => {
    expect(() => read(env)).toThrow(new RegExp(`^${variable}: [^\\n]+$`));
    expect(() => read(env)).not.toThrow('secret');
  });
});
