import { parseConfig } from '@dialog/telemetry/config';
import { describe, expect, it } from 'vitest';
import { gatewayConfig } from './config.ts';

const least = {
  DATABASE_URL: 'postgres://app@127.0.0.1/dialog',
  REDIS_URL: 'redis://127.0.0.1',
  NATS_URL: 'nats://127.0.0.1',
  TOKEN_ISSUERS: 'https://maskinporten.no/, http://127.0.0.1:9000/authentication/api/v1/openid/',
  ALTINN_PLATFORM_URL: 'https://platform.altinn.no/',
};

describe('configuration', () => {
  it('needs no more than where things are', () => {
    const config = parseConfig(gatewayConfig, least);
    expect(config.http).toMatchObject({ port: 8080, hostname: '127.0.0.1' });
    expect(config.lanes).toMatchObject({ laneCount: 8, prefix: 'dialog' });
    expect(config.limits).toMatchObject({ writeWaitMs: 10_000, bodyBytesMax: 20_000_000 });
    expect(config.tokenIssuers).toEqual([
      'https://maskinporten.no',
      'http://127.0.0.1:9000/authentication/api/v1/openid',
    ]);
    expect(config.platform).toMatchObject({ platformUrl: 'https://platform.altinn.no' });
  });

  it.each([
    ['PORT', '80800'],
    ['LANES', '0'],
    ['WRITE_WAIT_MS', 'soon'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://127.0.0.1'],
    ['REDIS_URL', '127.0.0.1:6379'],
    ['NATS_URL', 'http://127.0.0.1'],
    ['PUBLIC_URL', 'dialogs.example.com'],
    ['ALTINN_PLATFORM_URL', 'platform'],
    // Whoever can answer in the issuer's name decides who is who.
    ['TOKEN_ISSUERS', 'https://maskinporten.no/, http://issuer.example.com/'],
  ])('refuses %s=%s in one line that names it', (name, value) => {
    expect(() => parseConfig(gatewayConfig, { ...least, [name]: value })).toThrow(new RegExp(`^${name}: [^\\n]+$`));
  });

  it('has one line for each variable that is missing', () => {
    expect(() => parseConfig(gatewayConfig, {})).toThrow(/^(\w+: must be set\n?){5}$/);
  });
});
