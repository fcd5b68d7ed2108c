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

it('lets nobody subscribe unless it has both the account and its signing key', () => {
  expect(parseConfig(relayConfig, least).subscriptions).toBeUndefined();
  const account = { NATS_SUBSCRIBERS_ACCOUNT: `A${'B'.repeat(55)}` };
  const key = { NATS_SUBSCRIBERS_KEY_FILE: path.join(folder, 'long') };
  expect(parseConfig(relayConfig, { ...least, ...account, ...key }).subscriptions).toMatchObject({
    servers: ['nats://127.0.0.1', 'tls://127.0.0.2'],
    credentialsMs: 300_000,
  });
  expect(() => parseConfig(relayConfig, { ...least, ...account })).toThrow('NATS_SUBSCRIBERS_KEY_FILE: must be set');
  expect(() => parseConfig(relayConfig, { ...least, ...key })).toThrow('NATS_SUBSCRIBERS_ACCOUNT: must be set');
});

it('sends one message of a dialog at a time where the stream has several copies', () => {
  expect(parseConfig(relayConfig, least).publish.pipelining).toBe('everything');
  expect(parseConfig(relayConfig, { ...least, EVENT_STREAM_REPLICAS: '3' }).publish.pipelining).toBe('one-per-dialog');
});

it('forwards nothing until it is told where to', () => {
  expect(parseConfig(relayConfig, least).forwarder).toBeUndefined();
});

it('takes the platform for where Altinn Events is, if nothing else is said', () => {
  const { forwarder } = parseConfig(relayConfig, { ...least, ALTINN_EVENTS_URL: 'https://platform.tt02.altinn.no/' });
  expect(forwarder?.altinn).toMatchObject({
    eventsUrl: 'https://platform.tt02.altinn.no',
    platformUrl: 'https://platform.tt02.altinn.no',
    maskinportenUrl: 'https://test.maskinporten.no',
    client: undefined,
  });
  // Some short pauses, and again after each of four long ones: thirty attempts.
  expect(forwarder?.pausesMs).toHaveLength(29);
  expect(forwarder?.pausesMs.slice(0, 7)).toEqual([100, 200, 500, 800, 1_000, 60_000, 100]);
  const apart = { ALTINN_EVENTS_URL: 'https://events.example', ALTINN_PLATFORM_URL: 'https://platform.example' };
  expect(parseConfig(relayConfig, { ...least, ...apart }).forwarder?.altinn).toMatchObject({
    eventsUrl: 'https://events.example',
    platformUrl: 'https://platform.example',
  });
});

it.each([
  ['ALTINN_EVENTS_URL', 'nats://127.0.0.1', 'must be a URL that begins with https:// or http://'],
  ['FORWARD_RETRY_PAUSES_MS', '100,soon', 'must be a whole number from 1 to 86400000'],
  ['PUBLIC_URL', 'dialog.example', 'must be a URL that begins with http:// or https://'],
  ['PARTY_KEY_SECRET_FILE', '/nowhere', 'must name a file that can be read (ENOENT)'],
  ['NATS_CREDS', '/nowhere', 'must name a file that can be read (ENOENT)'],
  ['NATS_URL', 'http://127.0.0.1', 'must be a URL that begins with nats:// or tls:// or ws:// or wss://'],
  ['EVENT_STREAM_REPLICAS', '6', 'must be a whole number from 1 to 5'],
])('names %s when it is %s', (name, value, problem) => {
  expect(() => parseConfig(relayConfig, { ...least, [name]: value })).toThrow(`${name}: ${problem}`);
});
