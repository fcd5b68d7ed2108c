import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { tokenFrom, usableUntil } from './access-token.ts';

const nothing = { file: undefined, command: undefined, token: undefined, emulatorUrl: undefined };

function jwt(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
}

it('uses a token until shortly before it expires, and one that does not say when for a minute', () => {
  expect(usableUntil(jwt({ exp: 1_000 }), 0)).toBe(970_000);
  for (const other of ['opaque', 'a.b.c', jwt({})]) expect(usableUntil(other, 5)).toBe(60_005);
});

it('reads a file anew each time, and runs a command when the token that it has is used up', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'access-token-'));
  try {
    const file = path.join(folder, 'token');
    const fromFile = tokenFrom({ ...nothing, file });
    writeFileSync(file, 'first\n');
    expect(await fromFile?.()).toBe('first');
    writeFileSync(file, 'second');
    expect(await fromFile?.()).toBe('second');

    // It prints how often it has been run, in a token that has expired or has not.
    const runs = path.join(folder, 'runs');
    const printing = (token: string) => tokenFrom({ ...nothing, command: `echo >> ${runs}; echo '${token}'` });
    const [expired, lasting] = [jwt({ exp: 1 }), jwt({ exp: 9_999_999_999 })];
    for (const [token, count] of [
      [expired, 2],
      [lasting, 3],
    ] as const) {
      const printed = printing(token);
      expect([await printed?.(), await printed?.()]).toEqual([token, token]);
      expect(statSync(runs).size).toBe(count);
    }
    await expect(tokenFrom({ ...nothing, command: 'exit 3' })?.()).rejects.toThrow('exit 3');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('takes the token that it is given, or none', async () => {
  expect(await tokenFrom({ ...nothing, token: 'given' })?.()).toBe('given');
  expect(tokenFrom(nothing)).toBeUndefined();
});
