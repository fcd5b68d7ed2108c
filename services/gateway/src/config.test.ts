import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseConfig } from '@dialog/telemetry/config';
import { afterAll, describe, expect, it } from 'vitest';
import { gatewayConfig } from './config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'gateway-config-'));
const saltFile = path.join(folder, 'actor-salt');
writeFileSync(saltFile, `${'s'.repeat(32)}\n`);
afterAll(() => rmSync(folder, { recursive: true }));

const least = {
  DATABASE_URL: 'postgres://app@127.0.0.1/dialog',
  REDIS_URL: 'redis://127.0.0.1',
  NATS_URL: 'nats://127.0.0.1',
  TOKEN_ISSUERS: 'https://maskinporten.no/, http://127.0.0.1:9000/authentication/api/v1/openid/',
  ALTINN_PLATFORM_URL: 'https://platform.altinn.no/',
  DIALOG_TOKEN_KEYS_FILE: '/run/secrets/keys.json',
  ACTOR_SALT_FILE: saltFile,
};

describe('configuration', () => {
  it('needs no more than where things are', () => {
    const config = parseConfig(gatewayConfig, least);
    expect(config.http).toMatchObject({ port: 8080, hostname: '127.0.0.1' });
    expect(config.lanes).toMatchObject({ laneCount: 2, prefix: 'dialog' });
    expect(config.limits).toMatchObject({ writeWaitMs: 10_000, bodyBytesMax: 20_000_000 });
    expect(config.tokenIssuers).toEqual([
      'https://maskinporten.no',
      'http://127.0.0.1:9000/authentication/api/v1/openid',
    ]);
    expect(config.platform).toMatchObject({ platformUrl: 'https://platform.altinn.no' });
    expect(config.actorSalt.toString()).toBe('s'.repeat(32));
  });

  it.each([
    ['PORT', '80800'],
    ['LANES', '0'],
    ['WRITE_WAIT_MS', 'soon'],
    ['EXACT_LIST_PARTIES_MAX', '1501'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://127.0.0.1'],
    ['REDIS_URL', '127.0.0.1:6379'],
    ['NATS_URL', 'http://127.0.0.1'],
    ['PUBLIC_URL', 'dialogs.example.com'],
    ['ALTINN_PLATFORM_URL', 'platform'],
    ['ACTOR_SALT_FILE', '/nowhere'],
    ['CORS_ORIGINS', 'https://front.example/'],
    ['CORS_ORIGINS', 'https://front.example, front.example'],
    // Whoever can answer in the issuer's name decides who is who.
    ['TOKEN_ISSUERS', 'https://maskinporten.no/, http://issuer.example.com/'],
  ])('refuses %s=%s in one line that names it', (name, value) => {
    expect(() => parseConfig(gatewayConfig, { ...least, [name]: value })).toThrow(new RegExp(`^${name}: [^\\n]+$`));
  });

  it('has the keys of dialog tokens from a file or from the environment, from one of them', () => {
    const { DIALOG_TOKEN_KEYS_FILE, ...without } = least;
    expect(parseConfig(gatewayConfig, least).dialogTokens.keys).toEqual({ file: DIALOG_TOKEN_KEYS_FILE });
    const fromEnvironment = { ...without, DIALOG_TOKEN_KEYS: '{}' };
    expect(parseConfig(gatewayConfig, fromEnvironment).dialogTokens.keys).toEqual({ json: '{}' });
    expect(() => parseConfig(gatewayConfig, without)).toThrow(/^DIALOG_TOKEN_KEYS_FILE: must be set$/);
    expect(() => parseConfig(gatewayConfig, { ...least, DIALOG_TOKEN_KEYS: '{}' })).toThrow(/not both$/);
  });

  it('names the issuer of dialog tokens by where clients reach the gateway', () => {
    expect(parseConfig(gatewayConfig, least).dialogTokens.issuer).toBe('http://127.0.0.1:8080/api/v1');
    const config = parseConfig(gatewayConfig, { ...least, PUBLIC_URL: 'https://platform.altinn.no/dialogporten/' });
    expect(config.dialogTokens.issuer).toBe('https://platform.altinn.no/dialogporten/api/v1');
  });

  it('lets pages of all origins follow dialogs, or of those that are named', () => {
    expect(parseConfig(gatewayConfig, least).corsOrigins).toBe('*');
    const CORS_ORIGINS = 'https://front.example, http://127.0.0.1:3000';
    const named = ['https://front.example', 'http://127.0.0.1:3000'];
    expect(parseConfig(gatewayConfig, { ...least, CORS_ORIGINS }).corsOrigins).toEqual(named);
  });

  it('has one line for each variable that is missing', () => {
    expect(() => parseConfig(gatewayConfig, {})).toThrow(/^(\w+: must be set\n?){6}$/);
  });
});
