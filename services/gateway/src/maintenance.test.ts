import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger } from '@dialog/telemetry/logger';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { maintenanceBy } from './maintenance.ts';
import { asServiceOwner, exampleApp } from './testing/example-app.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'maintenance-'));
const file = path.join(folder, 'on');
afterEach(() => rmSync(file, { recursive: true, force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

const log = createLogger('test', 'silent');
const limits = '/api/v1/metadata/limits';

function app(recheckMs = 0) {
  return exampleApp({ maintenance: maintenanceBy(file, { log, recheckMs }) });
}

describe('maintenance mode', () => {
  it('goes on as long as the file is there, and says until when if the file does', async () => {
    const { request } = app();
    expect((await request(limits)).status).toBe(200);
    writeFileSync(file, '');
    const unknown = await request(limits);
    expect([unknown.status, await unknown.text()]).toEqual([503, 'Service Unavailable']);
    expect(unknown.headers.get('content-type')).toBe('text/plain');
    expect(unknown.headers.has('retry-after')).toBe(false);
    writeFileSync(file, '2026-02-03T09:00:00+01:00\n');
    expect((await request(limits)).headers.get('retry-after')).toBe('Tue, 03 Feb 2026 08:00:00 GMT');
    rmSync(file);
    expect((await request(limits)).status).toBe(200);
  });

  it.each(['soon', '2026-02-03T09:00:00', 'directory'])(
    'has no end that is told, if the file holds %s',
    async (text) => {
      if (text === 'directory') mkdirSync(file);
      else writeFileSync(file, text);
      const answer = await app().request(limits);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, null]);
    },
  );

  it('is for the whole API, whoever asks and whatever for, and not for probes and the description', async () => {
    writeFileSync(file, '');
    const { request } = app();
    const statuses = async (...paths: string[]) =>
      Promise.all(paths.map(async (one) => (await request(one, { headers: asServiceOwner })).status));
    const api = ['serviceowner/dialogs', 'enduser/dialogs', 'enduser/nothing', '.well-known/jwks.json'];
    expect(await statuses(...api.map((one) => `/api/v1/${one}`), '/API/v1/nothing')).toEqual([503, 503, 503, 503, 503]);
    expect((await request('/api/v1/serviceowner/dialogs', { method: 'POST' })).status).toBe(503);
    expect(await statuses('/health', '/health/liveness', '/health/readiness', '/metrics', '/openapi.json')).toEqual([
      200, 200, 200, 200, 200,
    ]);
  });

  it('is looked for again when some time has passed, not for each request', async () => {
    const { request } = app(60_000);
    expect((await request(limits)).status).toBe(200);
    writeFileSync(file, '');
    expect((await request(limits)).status).toBe(200);
  });
});
