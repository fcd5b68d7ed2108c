import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Stack } from './stack.ts';

/** The service owner whose token is printed. */
const demoOrg = 'ttd';

/** Writes the addresses, with their passwords, as environment variables to a file that is ours alone. Returns its path. */
export function writeEnvironmentFile(stack: Stack, dataDir: string): string {
  const file = path.join(dataDir, 'environment');
  const variables = {
    GATEWAY_URL: stack.gatewayUrl,
    DATABASE_URL: stack.database.app,
    OWNER_DATABASE_URL: stack.database.owner,
    REDIS_URL: stack.redisUrl,
    NATS_URL: stack.natsUrl,
    DIALOG_TOKEN_KEYS_FILE: stack.dialogTokenKeysFile,
    ...(stack.emulatorUrl !== undefined && { ALTINN_PLATFORM_URL: stack.emulatorUrl }),
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** What `npm start` tells: where things are, and a first request that works when pasted. */
export async function announcement(stack: Stack, dataDir: string): Promise<string> {
  const places = [
    ['Gateway', `${stack.gatewayUrl} (documentation: ${stack.gatewayUrl}/docs)`],
    ['Postgres', withoutPassword(stack.database.app)],
    ['Redis', withoutPassword(stack.redisUrl)],
    ['NATS', stack.natsCreds ? `${stack.natsUrl}, creds in ${path.dirname(stack.natsCreds.admin)}` : stack.natsUrl],
    ...(stack.emulatorUrl === undefined ? [] : [['Altinn', `${stack.emulatorUrl} (emulator: tokens, registers)`]]),
    ['Logs', path.join(dataDir, 'logs')],
    ['Passwords', `${writeEnvironmentFile(stack, dataDir)}, to be sourced by a shell`],
  ];
  const lines = [
    '',
    ...places.map(([name = '', place = '']) => `  ${name.padEnd(10)} ${place}`),
    '',
    ...(await firstRequest(stack)),
    ...(stack.natsCreds === undefined
      ? []
      : [`Events of ${demoOrg}'s dialogs, as they happen, in another terminal: npm run subscribe`, '']),
    `ready: ${stack.gatewayUrl}`,
  ];
  return `${lines.join('\n')}\n`;
}

async function firstRequest({ emulatorUrl, gatewayUrl, tokenIssuers }: Stack): Promise<string[]> {
  const trusted = emulatorUrl !== undefined && tokenIssuers.some((issuer) => issuer.startsWith(emulatorUrl));
  if (!trusted) return [`Tokens are accepted from ${tokenIssuers.join(', ')}.`, ''];
  const response = await fetch(`${emulatorUrl}/emulator/token?org=${demoOrg}`);
  const token = await response.text();
  if (!response.ok) throw new Error(`The emulator gave no token: ${response.status} ${token}`);
  return [
    `A token of the service owner ${demoOrg} (another: curl '${emulatorUrl}/emulator/token?org=${demoOrg}'):`,
    '',
    `  ${token}`,
    '',
    'A first request, to paste:',
    '',
    `  curl -i ${gatewayUrl}/api/v1/serviceowner/dialogs -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '${JSON.stringify(firstDialog)}'`,
    '',
  ];
}

const firstDialog = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  status: 'NotApplicable',
  content: {
    title: { value: [{ languageCode: 'en', value: 'Building permit' }] },
    summary: { value: [{ languageCode: 'en', value: 'Your application has been received.' }] },
  },
};

function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  return url.href;
}
