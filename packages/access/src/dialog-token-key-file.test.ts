import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigurationError } from '@dialog/telemetry/config';
import { createLogger } from '@dialog/telemetry/logger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  changeDialogTokenKeys,
  createDialogTokenKeys,
  openDialogTokenKeys,
  readDialogTokenKeys,
} from './dialog-token-key-file.ts';
import { type DialogTokenKeys, firstKeys, newKeyPair } from './dialog-token-keys.ts';
import { rotated } from './dialog-token-rotation.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'keys-'));
  file = path.join(folder, 'secrets/keys.json');
});
afterEach(() => rm(folder, { recursive: true }));

const log = createLogger('test', 'silent');
const now = new Date();

async function swap(keys: DialogTokenKeys): Promise<DialogTokenKeys> {
  return rotated(keys, now, await newKeyPair(now));
}

describe('a file of keys', () => {
  it('is made once, for its owner alone', async () => {
    expect(await createDialogTokenKeys(file)).toBe(true);
    const { primary, secondary } = await readDialogTokenKeys(file);
    expect(primary.kid).not.toBe(secondary.kid);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700);

    expect(await createDialogTokenKeys(file)).toBe(false);
    expect(await readDialogTokenKeys(file)).toEqual({ primary, secondary });
  });

  it('is made by one of those that try at the same time', async () => {
    const made = await Promise.all([createDialogTokenKeys(file), createDialogTokenKeys(file)]);
    expect(made.sort()).toEqual([false, true]);
    expect(await readdir(path.dirname(file))).toEqual(['keys.json']);
  });

  it('is replaced as a whole, through a link too, and stays its owner’s alone', async () => {
    await createDialogTokenKeys(file);
    const before = await readDialogTokenKeys(file);
    const other = path.join(folder, 'link.json');
    await symlink(file, other);
    const changed = await changeDialogTokenKeys(other, swap);
    expect(changed.primary).toEqual(before.secondary);
    expect(await readDialogTokenKeys(file)).toEqual(changed);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(path.dirname(file))).toEqual(['keys.json']);
  });

  it('stays as it is when a change is refused, or meets another', async () => {
    await createDialogTokenKeys(file);
    const before = await readDialogTokenKeys(file);
    await expect(changeDialogTokenKeys(file, () => Promise.reject(new Error('Not yet.')))).rejects.toThrow('Not yet.');
    expect(await readDialogTokenKeys(file)).toEqual(before);

    const slow = changeDialogTokenKeys(file, async (keys) => {
      await changeDialogTokenKeys(file, swap);
      return swap(keys);
    });
    await expect(slow).rejects.toThrow('changed by somebody else');
    expect((await readDialogTokenKeys(file)).primary).toEqual(before.secondary);
    expect(await readdir(path.dirname(file))).toEqual(['keys.json']);
  });
});

describe('keys in use', () => {
  it('are those of the file as it is now', async () => {
    await createDialogTokenKeys(file);
    const keys = await openDialogTokenKeys({ file }, { log, recheckMs: 0 });
    const first = await keys();
    expect(await keys()).toBe(first);
    const changed = await changeDialogTokenKeys(file, swap);
    expect(await keys()).toEqual(changed);
  });

  it('are not looked for again before it is time', async () => {
    await createDialogTokenKeys(file);
    const keys = await openDialogTokenKeys({ file }, { log, recheckMs: 60_000 });
    const first = await keys();
    await changeDialogTokenKeys(file, swap);
    expect(await keys()).toBe(first);
  });

  it('outlive a file that is gone or broken, which is logged without what is in it', async () => {
    await createDialogTokenKeys(file);
    const lines: string[] = [];
    const keys = await openDialogTokenKeys(
      { file },
      { log: createLogger('test', 'error', { write: (line) => lines.push(line) }), recheckMs: 0 },
    );
    const first = await keys();
    const text = await readFile(file, 'utf8');
    const { privateKey } = first.primary;
    for (const broken of [
      text.slice(0, -3),
      `${privateKey}${text}`,
      text.replace(privateKey, `${privateKey}x`),
      '{}',
    ]) {
      await writeFile(file, broken);
      expect(await keys()).toBe(first);
    }
    await rm(file);
    expect(await keys()).toBe(first);
    expect(lines).toHaveLength(5);
    expect(lines.join()).not.toContain(privateKey.slice(0, 8));

    await writeFile(file, JSON.stringify(await firstKeys(now)));
    expect(await keys()).not.toEqual(first);
  });

  it('may come from the environment', async () => {
    const first = await firstKeys(now);
    const keys = await openDialogTokenKeys({ json: JSON.stringify(first) }, { log, recheckMs: 0 });
    expect(await keys()).toEqual(first);
  });

  it.each<[string, (keys: DialogTokenKeys) => unknown]>([
    ['kid', (keys) => ({ ...keys, secondary: { ...keys.secondary, kid: keys.primary.kid } })],
    ['publicKey', (keys) => ({ ...keys, primary: { ...keys.primary, publicKey: keys.secondary.publicKey } })],
    ['privateKey', (keys) => ({ ...keys, primary: { ...keys.primary, privateKey: 'c2hvcnQ' } })],
    ['secondary', ({ primary }) => ({ primary })],
    ['publishedAt', (keys) => ({ ...keys, primary: { ...keys.primary, publishedAt: undefined } })],
    ['JSON', () => undefined],
  ])('cannot be without the right %s', async (what, change) => {
    const json = JSON.stringify(change(await firstKeys(now))) ?? 'nonsense';
    const opened = openDialogTokenKeys({ json }, { log, recheckMs: 0 });
    await expect(opened).rejects.toThrow(ConfigurationError);
    await expect(opened).rejects.toThrow(new RegExp(`^DIALOG_TOKEN_KEYS: [^\\n]*${what}[^\\n]*$`));
  });

  it('must be there at the start', async () => {
    await expect(openDialogTokenKeys({ file }, { log, recheckMs: 0 })).rejects.toThrow(
      /^DIALOG_TOKEN_KEYS_FILE: .+ cannot be read/,
    );
  });
});
