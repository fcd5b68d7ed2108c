import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Emulator, startEmulator } from '@dialog/altinn-emulator/emulator';
import { parseConfig } from '@dialog/telemetry/config';
import { createLogger } from '@dialog/telemetry/logger';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { askIssuers } from '../issuers.ts';
import { openPlatform, platformSettings, platformVariables } from './platform.ts';

const schema = z.object(platformVariables).transform(platformSettings);
const kari = 'urn:altinn:person:identifier-no:01817030080';
const nowhere = 'http://127.0.0.1:9';

let emulator: Emulator;
/** Another one, where Maskinporten has given our client no scope for looking up parties. */
let stingy: Emulator;
let folder: string;
let foreignJwk: object;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'connecting-'));
  const data = path.join(fileURLToPath(import.meta.resolve('@dialog/altinn-emulator/emulator')), '../../data');
  await cp(data, folder, { recursive: true });
  const clients = path.join(folder, 'clients.json');
  await writeFile(clients, (await readFile(clients, 'utf8')).replace('altinn:register/partylookup.admin', 'other'));
  [emulator, stingy] = await Promise.all([startEmulator(), startEmulator({ fixturesDir: folder })]);
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  foreignJwk = { ...(await exportJWK(privateKey)), kid: 'foreign' };
});
afterAll(async () => {
  await Promise.all([emulator.close(), stingy.close(), rm(folder, { recursive: true })]);
});

/** What an operator has set, who has done everything right but this. */
function connected(change: NodeJS.ProcessEnv = {}, { baseUrl, platformClient } = emulator) {
  const lines: string[] = [];
  const log = createLogger('test', 'info', { write: (line) => lines.push(line) });
  const right = {
    ALTINN_PLATFORM_URL: baseUrl,
    ALTINN_SUBSCRIPTION_KEY: 'any',
    MASKINPORTEN_CLIENT_ID: platformClient.clientId,
    MASKINPORTEN_CLIENT_JWK: encoded(platformClient.jwk),
  };
  const settings = parseConfig(schema, { ...right, ...change });
  return { lines, ...openPlatform(settings, { log, upstream: { retries: 0 } }) };
}

function encoded(jwk: object): string {
  return Buffer.from(JSON.stringify(jwk)).toString('base64');
}

async function failureOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => 'none',
    (err: unknown) => (err instanceof Error ? err.message : String(err)),
  );
}

it('finds everything in place where the settings are right', async () => {
  const { probes, partyNames, lines } = connected();
  await Promise.all([probes.organisationList(), probes.roleMetadata(), probes.token()]);
  await askIssuers(Object.values(emulator.issuers), 5_000);
  expect(await partyNames.nameOf(kari)).toBe('Fisker Kari Anne');
  expect(lines).toEqual([]);
});

it.each<[string, NodeJS.ProcessEnv, token: string, names: string]>([
  [
    'there is no client',
    { MASKINPORTEN_CLIENT_ID: undefined, MASKINPORTEN_CLIENT_JWK: undefined },
    'platform token: MASKINPORTEN_CLIENT_ID and MASKINPORTEN_CLIENT_JWK are not set',
    'party names: status 401, and not set: MASKINPORTEN_CLIENT_ID and MASKINPORTEN_CLIENT_JWK',
  ],
  [
    'there is no subscription key',
    { ALTINN_SUBSCRIPTION_KEY: undefined },
    'none',
    'party names: status 401, and not set: ALTINN_SUBSCRIPTION_KEY',
  ],
  [
    'the client is unknown',
    { MASKINPORTEN_CLIENT_ID: 'other' },
    ...twice('maskinporten token: status 400 (invalid_grant: iss is no registered client)'),
  ],
  ['Maskinporten is elsewhere', { MASKINPORTEN_URL: nowhere }, ...twice('maskinporten token: no answer')],
  ['the platform is elsewhere', { ALTINN_PLATFORM_URL: nowhere }, ...twice('maskinporten token: no answer')],
])('says what is wrong where %s', async (_, change, token, names) => {
  const { probes, partyNames } = connected(change);
  expect(await failureOf(probes.token())).toBe(token);
  expect(await failureOf(partyNames.nameOf(kari))).toBe(names);
});

function twice(text: string): [string, string] {
  return [text, text];
}

it('says what is wrong where the key is not that of the client', async () => {
  const { probes } = connected({ MASKINPORTEN_CLIENT_JWK: encoded(foreignJwk) });
  expect(await failureOf(probes.token())).toMatch(/^maskinporten token: status 400 \(invalid_grant: .*key.*\)$/);
});

it('says which scope Maskinporten has not given', async () => {
  const { probes } = connected({}, stingy);
  expect(await failureOf(probes.token())).toBe(
    'maskinporten token: status 400 (invalid_scope: dialogporten may not ask for altinn:register/partylookup.admin)',
  );
});

it('says which issuer does not answer, or is none', async () => {
  const right = Object.values(emulator.issuers);
  expect(await failureOf(askIssuers([...right, nowhere], 1_000))).toBe(`issuer metadata: ${nowhere}`);
  expect(await failureOf(askIssuers([`${emulator.baseUrl}/none`], 1_000))).toBe(
    `issuer metadata: ${emulator.baseUrl}/none publishes none`,
  );
});
