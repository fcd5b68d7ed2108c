import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseConfig } from '@dialog/telemetry/config';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { relayConfig } from './config.ts';

let folder: string;
let least: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'event-relay-'));
  writeFileSync(path.join(folder, 'long'), `${'s'.repeat(32)}\n`);
  least = {
    DATABASE_URL: 'postgres://app@127.0.0.1/dialog',
    NATS_URL: 'nats://127.0.0.1, tls://127.0.0.2',
    PARTY_KEY_SECRET_FILE: path.join(folder, 'long'),
    PUBLIC_URL: 'https://dialog.example/base/',
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

it('needs no more than where things are and the secret', () => {
  const config = parseConfig(relayConfig, least);
  expect(config.nats.servers).toEqual(['nats://127.0.0.1', 'tls://127.0.0.2']);
  expect(config.messages).toEqual({ publicUrl: 'https://dialog.example/base', partyKeySecret: 's'.repeat(32) });
  expect(config.stream).toMatchObject({ replicas: 1, duplicateWindowMs: 120_000 });
});

it('sends one message of a dialog at a time where the stream has several copies', () => {
  expect(parseConfig(relayConfig, least).publish.pipelining).toBe('everything');
  expect(parseConfig(relayConfig, { ...least, EVENT_STREAM_REPLICAS: '3' }).publish.pipelining).toBe('one-per-dialog');
});

it.each([
  ['PUBLIC_URL', 'dialog.example', 'must be a URL that begins with http:// or https://'],
  ['PARTY_KEY_SECRET_FILE', '/nowhere', 'must name a file that can be read (ENOENT)'],
  ['NATS_CREDS', '/nowhere', 'must name a file that can be read (ENOENT)'],
  ['NATS_URL', 'http://127.0.0.1', 'must be a URL that begins with nats:// or tls:// or ws:// or wss://'],
  ['EVENT_STREAM_REPLICAS', '6', 'must be a whole number from 1 to 5'],
])('names %s when it is %s', (name, value, problem) => {
  expect(() => parseConfig(relayConfig, { ...least, [name]: value })).toThrow(`${name}: ${problem}`);
});
