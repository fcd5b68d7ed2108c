/**
 * keys shows an operator the keys that sign dialog tokens, and rotates them without a token ever failing. Gateways take
 * a changed file up by themselves.
 */
import { parseArgs } from 'node:util';
import {
  changeDialogTokenKeys,
  createDialogTokenKeys,
  readDialogTokenKeys,
} from '@dialog/access/dialog-token-key-file';
import { type DialogTokenKeys, type KeyPair, newKeyPair } from '@dialog/access/dialog-token-keys';
import { nextStep, type RotationStep, rotated } from '@dialog/access/dialog-token-rotation';

const usage = `Usage:
  keys show               both keys, and what comes next; nothing secret
  keys rotate [--force]   takes the next step of a rotation, if it is time
  keys create             makes the first two keys, if the file is not there

  --file <path>           the file; else DIALOG_TOKEN_KEYS_FILE says which

The primary key signs, the secondary is published beside it. A rotation has two steps, which take turns:

  1. The secondary begins to sign. Receivers refresh their keys once a day, so it must have been published for 48 hours.
  2. The old key goes and a new one is published, when the last token of the old one has run out: after 11 minutes.

Take both, and a key is ready for the next time. If the key that signs has become known to others, do not wait: repeat
"rotate --force" until the known one is no longer there. Receivers that have not seen the other one yet refuse tokens
until they refresh their keys.

Gateways on several machines each need the changed file, within a minute of one another.
`;

/** What the operator is told in one line, instead of a stack. */
class Refusal extends Error {}

process.exitCode = await run(process.argv.slice(2));

async function run(args: string[]): Promise<number> {
  let work: () => Promise<void>;
  try {
    const parsed = parse(args);
    if (parsed === 'help') {
      process.stdout.write(usage);
      return 0;
    }
    work = parsed;
  } catch (err) {
    process.stderr.write(`${messageOf(err)}\n\n${usage}`);
    return 2;
  }
  try {
    await work();
    return 0;
  } catch (err) {
    process.stderr.write(`${messageOf(err)}\n`);
    return 1;
  }
}

/** @throws for arguments that say nothing */
function parse(args: string[]): 'help' | (() => Promise<void>) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      force: { type: 'boolean', default: false },
      file: { type: 'string' },
    },
  });
  const [verb = '', ...rest] = positionals;
  if (values.help === true) return 'help';
  if (rest.length > 0) throw new Refusal(`Too many arguments: ${rest.join(' ')}`);
  if (values.force && verb !== 'rotate') throw new Refusal('--force is for rotate');
  const file = values.file ?? process.env.DIALOG_TOKEN_KEYS_FILE ?? '';
  if (file === '') throw new Refusal('Say which file, by --file or by DIALOG_TOKEN_KEYS_FILE');
  switch (verb) {
    case 'show':
      return async () => print(await readDialogTokenKeys(file));
    case 'rotate':
      return () => rotate(file, values.force);
    case 'create':
      return () => create(file);
    default:
      throw new Refusal(verb === '' ? 'Say what to do' : `There is no command ${verb}`);
  }
}

async function rotate(file: string, force: boolean): Promise<void> {
  const now = new Date();
  const keys = await changeDialogTokenKeys(file, async (current) => {
    const { kind, dueAt } = nextStep(current);
    if (now < dueAt && !force)
      throw new Refusal(`Not before ${dueAt.toISOString()}: ${whyWait(kind, current.secondary)}`);
    return rotated(current, now, await newKeyPair(now));
  });
  print(keys);
}

function whyWait(kind: RotationStep['kind'], { kid, publishedAt, retiredAt }: KeyPair): string {
  return kind === 'begin-to-sign'
    ? `${kid} is published since ${publishedAt}, and receivers need not have learnt of it for 48 hours.`
    : `${kid} signed until ${retiredAt}, and its tokens may still be in use.`;
}

async function create(file: string): Promise<void> {
  if (!(await createDialogTokenKeys(file))) throw new Refusal(`${file} is there already.`);
  print(await readDialogTokenKeys(file));
}

function print(keys: DialogTokenKeys): void {
  const { primary, secondary } = keys;
  const { kind, dueAt } = nextStep(keys);
  const role = secondary.retiredAt === null ? 'signs next' : `signed until ${secondary.retiredAt}`;
  const when = dueAt <= new Date() ? 'now' : `from ${dueAt.toISOString()} on`;
  const what = kind === 'begin-to-sign' ? `${secondary.kid} begins to sign` : `${secondary.kid} goes, a new key comes`;
  process.stdout.write(
    [
      `primary    ${primary.kid}  published ${primary.publishedAt}, signs`,
      `secondary  ${secondary.kid}  published ${secondary.publishedAt}, ${role}`,
      `rotate     ${when}: ${what}`,
      '',
    ].join('\n'),
  );
}

function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
