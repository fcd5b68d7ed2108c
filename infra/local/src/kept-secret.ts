import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isAbsent } from './process-identity.ts';

/** A random secret that is made at the first call and stays the same after: 32 bytes, base64url. Its file is ours alone. */
export function keptSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (err) {
    if (!isAbsent(err)) throw err;
  }
  const secret = randomBytes(32).toString('base64url');
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, secret, { mode: 0o600, flag: 'wx' });
  return secret;
}
