import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ConfigurationError } from '@dialog/telemetry/config';
import type { Logger } from '@dialog/telemetry/logger';
import { type DialogTokenKeys, firstKeys, parseDialogTokenKeys } from './dialog-token-keys.ts';

/** Where a process has its keys from: a file that may change, or the same JSON as a value. */
export type DialogTokenKeySource = { file: string } | { json: string };

type Settings = {
  log: Logger;
  /** Keys are looked at again when they are needed after so long: the time in which a changed file counts. */
  recheckMs: number;
};

/**
 * The keys as they are now. A file is read again when it is used, so a rotation needs no restart. One that cannot be
 * read any more is logged, and the keys before stay: tokens go on.
 *
 * @throws ConfigurationError when there are no usable keys to begin with
 */
export async function openDialogTokenKeys(
  source: DialogTokenKeySource,
  { log, recheckMs }: Settings,
): Promise<() => Promise<DialogTokenKeys>> {
  if ('json' in source) {
    const keys = usable('DIALOG_TOKEN_KEYS', () => parseDialogTokenKeys(source.json));
    return async () => keys;
  }

  const { file } = source;
  let text = await readFile(file, 'utf8').catch((err: unknown) => {
    throw new ConfigurationError(`DIALOG_TOKEN_KEYS_FILE: ${file} cannot be read (${messageOf(err)})`);
  });
  let keys = usable('DIALOG_TOKEN_KEYS_FILE', () => parseDialogTokenKeys(text));
  let readAt = performance.now();
  let reading: Promise<void> | undefined;

  return async () => {
    if (performance.now() - readAt >= recheckMs) {
      reading ??= readAgain();
      await reading;
    }
    return keys;
  };

  async function readAgain(): Promise<void> {
    try {
      const found = await readFile(file, 'utf8');
      if (found === text) return;
      keys = parseDialogTokenKeys(found);
      text = found;
      log.info({ signing: keys.primary.kid, published: keys.secondary.kid }, 'dialog token keys changed');
    } catch (err) {
      log.error({ err, file }, 'dialog token keys not readable, using those before');
    } finally {
      readAt = performance.now();
      reading = undefined;
    }
  }
}

/** @throws when there is no such file, or it holds no keys */
export async function readDialogTokenKeys(file: string): Promise<DialogTokenKeys> {
  return parseDialogTokenKeys(await readFile(file, 'utf8'));
}

/** Makes the first keys, if the file is not there. Says whether it was made. */
export async function createDialogTokenKeys(file: string): Promise<boolean> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const made = await writeBeside(file, await firstKeys(new Date()));
  try {
    // Unlike a rename, this never replaces what somebody else has made at the same time.
    await link(made, file);
    return true;
  } catch (err) {
    if (codeOf(err) === 'EEXIST') return false;
    throw err;
  } finally {
    await rm(made);
  }
}

/**
 * Replaces the keys by what `change` makes of them. A reader sees the old file or the new one, never half of one; the
 * new one is on disk when this returns.
 *
 * @throws what `change` throws, or when somebody else has changed them meanwhile; then the file is as it was
 */
export async function changeDialogTokenKeys(
  linkOrFile: string,
  change: (keys: DialogTokenKeys) => Promise<DialogTokenKeys>,
): Promise<DialogTokenKeys> {
  const file = await realpath(linkOrFile);
  const text = await readFile(file, 'utf8');
  const changed = await change(parseDialogTokenKeys(text));
  const made = await writeBeside(file, changed);
  try {
    if ((await readFile(file, 'utf8')) !== text) throw new Error(`${file} was changed by somebody else meanwhile.`);
    await rename(made, file);
  } catch (err) {
    await rm(made, { force: true });
    throw err;
  }
  return changed;
}

/** A file in the same folder, for its owner alone. The owner is that of the file that is there: root may change it. */
async function writeBeside(file: string, keys: DialogTokenKeys): Promise<string> {
  const made = `${file}.${randomUUID()}`;
  const handle = await open(made, 'wx', 0o600);
  try {
    const owner = await stat(file).catch(() => undefined);
    if (owner !== undefined && owner.uid !== process.getuid?.()) await handle.chown(owner.uid, owner.gid);
    await handle.writeFile(`${JSON.stringify(keys, undefined, 2)}\n`);
    await handle.sync();
  } catch (err) {
    await rm(made, { force: true });
    throw err;
  } finally {
    await handle.close();
  }
  return made;
}

function usable<Value>(variable: string, read: () => Value): Value {
  try {
    return read();
  } catch (err) {
    throw new ConfigurationError(`${variable}: ${messageOf(err)}`);
  }
}

function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}

function codeOf(err: unknown): unknown {
  return err instanceof Error && 'code' in err ? err.code : undefined;
}
