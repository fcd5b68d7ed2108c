import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Where access tokens come from: the first of these that is given. */
export type TokenSource = {
  /** Read anew each time. */
  file: string | undefined;
  /** Run by a shell, and again before the token that it printed expires. */
  command: string | undefined;
  token: string | undefined;
  /** Where the emulated Altinn platform gives a token of the service owner `ttd` to anybody. */
  emulatorUrl: string | undefined;
};

/** A token that ends sooner is not used any more. */
const spareMs = 30_000;
/** How long a token is used that does not tell when it expires. */
const opaqueMs = 60_000;

/** A function that gives a valid token each time; undefined where there is no source. */
export function tokenFrom({ file, command, token, emulatorUrl }: TokenSource): (() => Promise<string>) | undefined {
  if (file !== undefined) return async () => (await readFile(file, 'utf8')).trim();
  if (command !== undefined) return whileItLasts(() => printedBy(command));
  if (token !== undefined) return async () => token;
  if (emulatorUrl !== undefined) return whileItLasts(() => tokenOfEmulator(emulatorUrl));
  return undefined;
}

function whileItLasts(fetchToken: () => Promise<string>): () => Promise<string> {
  let token = '';
  let until = 0;
  return async () => {
    if (Date.now() >= until) {
      token = await fetchToken();
      until = usableUntil(token, Date.now());
    }
    return token;
  };
}

/** Epoch milliseconds, by the `exp` of a JWT. A token that lasts no longer than the spare time is used once. */
export function usableUntil(token: string, now: number): number {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    if (typeof exp === 'number') return exp * 1_000 - spareMs;
  } catch {
    // Not a JWT, and nobody said that it had to be one.
  }
  return now + opaqueMs;
}

async function printedBy(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-c', command]);
  return stdout.trim();
}

async function tokenOfEmulator(url: string): Promise<string> {
  const response = await fetch(`${url}/emulator/token?org=ttd`);
  if (!response.ok) throw new Error(`The emulator gave no token: ${response.status}. TOKEN may be set instead.`);
  return response.text();
}
