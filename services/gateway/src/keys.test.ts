import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createDialogTokenKeys, readDialogTokenKeys } from '@dialog/access/dialog-token-key-file';
import type { KeyPair } from '@dialog/access/dialog-token-keys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'keys-'));
  file = path.join(folder, 'keys.json');
});
afterEach(() => rm(folder, { recursive: true }));

/** @returns how the program ended, and what it said */
async function keys(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = path.join(import.meta.dirname, 'keys.ts');
  const env = { PATH: process.env.PATH, DIALOG_TOKEN_KEYS_FILE: file };
  return promisify(execFile)(process.execPath, [program, ...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

const kept = () => readDialogTokenKeys(file);

/** Lets time pass for the secondary. */
async function age(secondary: Partial<KeyPair>): Promise<void> {
  const now = await kept();
  await writeFile(file, JSON.stringify({ ...now, secondary: { ...now.secondary, ...secondary } }));
}

function ago(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString();
}

describe('keys', () => {
  it('are made once, and shown without what is secret', async () => {
    const made = await keys('create');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const { primary, secondary } = await kept();
    expect(await keys('show')).toEqual(made);
    expect(made.stdout).toMatch(
      new RegExp(`^primary +${primary.kid} .+ signs\nsecondary +${secondary.kid} .+ signs next\nrotate +from .+\n$`),
    );
    expect(made.stdout).not.toContain(primary.privateKey);
    expect(made.stdout).not.toContain(secondary.privateKey);
    expect(await keys('create')).toMatchObject({ code: 1, stderr: `${file} is there already.\n` });
  });

  it('rotate in two steps, each when it is time', async () => {
    await createDialogTokenKeys(file);
    const first = await kept();
    await age({ publishedAt: ago(48 * 60 - 1) });
    const early = await keys('rotate');
    expect(early).toMatchObject({ code: 1, stdout: '' });
    expect(early.stderr).toMatch(/^Not before [^\n]+ 48 hours\.\n$/);
    expect((await kept()).primary).toEqual(first.primary);

    await age({ publishedAt: ago(48 * 60) });
    expect(await keys('rotate')).toMatchObject({ code: 0, stderr: '' });
    const swapped = await kept();
    expect([swapped.primary.kid, swapped.secondary.kid]).toEqual([first.secondary.kid, first.primary.kid]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);

    await age({ retiredAt: ago(10) });
    expect((await keys('rotate')).stderr).toMatch(/^Not before [^\n]+ in use\.\n$/);
    await age({ retiredAt: ago(11) });
    expect(await keys('rotate')).toMatchObject({ code: 0, stderr: '' });
    const renewed = await kept();
    expect(renewed.primary).toEqual(swapped.primary);
    expect(renewed.secondary.retiredAt).toBeNull();
    expect(Date.parse(renewed.secondary.publishedAt)).toBeGreaterThan(Date.parse(ago(2)));
    expect([first.primary.kid, first.secondary.kid]).not.toContain(renewed.secondary.kid);
  });

  it('that have become known are gone at once by force', async () => {
    await createDialogTokenKeys(file);
    const known = (await kept()).primary;
    expect(await keys('rotate', '--force')).toMatchObject({ code: 0 });
    expect(await keys('rotate', '--force')).toMatchObject({ code: 0 });
    const { primary, secondary } = await kept();
    expect([primary.kid, secondary.kid]).not.toContain(known.kid);
  });

  it.each([
    [['--help'], 0, /^$/],
    [[], 2, /^Say what to do\n/],
    [['burn'], 2, /^There is no command burn\n/],
    [['show', 'all'], 2, /^Too many arguments: all\n/],
    [['show', '--force'], 2, /^--force is for rotate\n/],
    [['show', '--all'], 2, /^Unknown option '--all'/],
    [['show', '--file', ''], 2, /^Say which file/],
    [['show'], 1, /^[^\n]*ENOENT[^\n]*\n$/],
    [['rotate', '--file', '/nonexistent/keys.json'], 1, /^[^\n]*ENOENT[^\n]*\n$/],
  ])('%j is answered with %i', async (args, code, stderr) => {
    const ended = await keys(...args);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(stderr);
  });
});
