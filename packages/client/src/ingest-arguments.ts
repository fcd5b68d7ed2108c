import { parseArgs } from 'node:util';
import { type TokenSource, tokenFrom } from './access-token.ts';
import type { BulkKind } from './bulk-line.ts';

export const usage = `Usage:
  ingest [options] <file.ndjson>...   writes what the lines of the files say; - reads standard input
  ingest --example <lines>            prints lines to try it with

Each line is a change of one dialog:
  {"kind": "CreateDialog", "body": {…}}
  {"kind": "PatchDialog", "dialogId": "…", "ifMatch": "…", "body": [{"op": …}]}
  {"kind": "DeleteDialog", "dialogId": "…"}
and UpdateDialog, CreateTransmission, CreateActivity, with bodies as in single requests. "isSilentUpdate": true keeps
subscribers from hearing of it. Lines of one dialog are applied in their order.

  --url <address>           of the service; else GATEWAY_URL
  --token-file <path>       file with an access token, read again every few seconds
  --token-command <command> prints an access token, and is run again before that expires
                            without both: TOKEN, or of the emulator at ALTINN_PLATFORM_URL
  --kind <kind>             of lines that have none; they may then be bodies as a whole, such as dialogs
  --async                   a line ends when it is accepted, not when it is applied
  --start-at <line>         go on from this line of the file
  --failed <path>           lines that failed; else <file>.failed.ndjson
  --outcomes <path>         what became of each line: status, ids, revision, operation
  --name <text>             stands for the file's name in keys, see below
  --connections <number>    uploads at a time; 2, where nothing else is said
  --per-dialog <number>     lines of one dialog under way at once; 1. With more, a dialog of very many lines is faster, but
                            if the service cannot take a line for the moment, those behind it may be applied before it

Failed lines are written as they were, to be corrected and ingested; <failed>.reasons.ndjson has, line by line, why. If
it is not known what became of a line, its idempotentKey is written with it.

Running it again is safe. A line without "idempotentKey" gets one that is made of the file's name without folders ("-"
for standard input), the number of the line and its text, and the service applies what has the same key once; it
remembers the keys of changes for a week. So after a crash give the same command again, or begin with --start-at at the
line that was told. To apply the same lines of an equally named file once more, choose another --name.

Ctrl-C reads no more, waits for what has been sent, and says where to go on; twice, it does not wait.

Ends with 0 when all lines were applied or accepted, 1 when not, 2 when it could not begin: wrong arguments, no file, no
service, no token, no right.
`;

export type IngestArguments = {
  /** `-` is standard input. */
  files: string[];
  url: string;
  token: () => Promise<string>;
  kind: BulkKind | undefined;
  respondAsync: boolean;
  startAt: number;
  failed: string | undefined;
  outcomes: string | undefined;
  name: string | undefined;
  connections: number | undefined;
  perDialogMax: number | undefined;
};

const kinds: readonly BulkKind[] = [
  ...(['CreateDialog', 'UpdateDialog', 'PatchDialog', 'DeleteDialog'] as const),
  ...(['CreateTransmission', 'CreateActivity'] as const),
];

/** @throws for arguments that say nothing, in one line */
export function readArguments(
  args: string[],
  env: NodeJS.ProcessEnv,
): IngestArguments | 'help' | { exampleLines: number } {
  const { values, positionals: files } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      example: { type: 'string' },
      url: { type: 'string' },
      'token-file': { type: 'string' },
      'token-command': { type: 'string' },
      kind: { type: 'string' },
      async: { type: 'boolean', default: false },
      'start-at': { type: 'string', default: '1' },
      failed: { type: 'string' },
      outcomes: { type: 'string' },
      name: { type: 'string' },
      connections: { type: 'string' },
      'per-dialog': { type: 'string' },
    },
  });
  if (values.help === true) return 'help';
  if (values.example !== undefined) return { exampleLines: wholeNumber('--example', values.example) };
  if (files.length === 0) throw new Error('Say which file, or - for standard input.');
  if (files.length > 1) {
    for (const option of ['start-at', 'failed', 'outcomes', 'name'] as const) {
      if (args.some((arg) => arg === `--${option}` || arg.startsWith(`--${option}=`))) {
        throw new Error(`--${option} is of one file.`);
      }
    }
  }
  const url = values.url ?? env.GATEWAY_URL;
  if (url === undefined || !/^https?:/.test(url) || !URL.canParse(url)) {
    throw new Error('--url or GATEWAY_URL must say where the service is, as in https://dialog.example');
  }
  const source: TokenSource = {
    file: values['token-file'],
    command: values['token-command'],
    token: env.TOKEN,
    emulatorUrl: env.ALTINN_PLATFORM_URL,
  };
  const token = tokenFrom(source);
  if (token === undefined) throw new Error('Say where an access token is: --token-file, --token-command or TOKEN.');
  const kind = kinds.find((known) => known === values.kind);
  if (values.kind !== undefined && kind === undefined) throw new Error(`--kind must be one of ${kinds.join(', ')}.`);
  const optionalNumber = (option: 'connections' | 'per-dialog') =>
    values[option] === undefined ? undefined : wholeNumber(`--${option}`, values[option]);
  return {
    files,
    url,
    token,
    kind,
    respondAsync: values.async,
    startAt: wholeNumber('--start-at', values['start-at']),
    failed: values.failed,
    outcomes: values.outcomes,
    name: values.name,
    connections: optionalNumber('connections'),
    perDialogMax: optionalNumber('per-dialog'),
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,11}$/.test(text)) throw new Error(`${option} must be a whole number, at least 1.`);
  return Number(text);
}
