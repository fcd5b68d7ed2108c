import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { fetchDebianPackages, findUnpacked } from '@dialog/local/debian-packages';
import { removeDataDir } from '@dialog/local/postgres-files';
import { cloneDir } from '@dialog/local/settings';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';

/** Shell examples, each with what the README says that it answers. Its transcript runs in one shell, from the top. */
type Example = { script: string; answers: { kind: 'http' | 'json'; text: string }[] };

const readme = readFileSync(path.join(cloneDir, 'README.md'), 'utf8');
const openApi = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });
const separator = '--- end of example';

let dataDir: string;
let start: ChildProcess;
let gatewayUrl: string;
let outputs: string[];

beforeAll(async () => {
  dataDir = path.join(cloneDir, `.data/readme-${process.pid}`);
  start = spawn(process.execPath, ['infra/local/src/start.ts'], {
    cwd: cloneDir,
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  gatewayUrl = await untilReady(start);
  outputs = await run(examples());
}, 120_000);

afterAll(async () => {
  if (start.exitCode === null) {
    const exited = once(start, 'exit');
    start.kill('SIGTERM');
    await exited;
  }
  removeDataDir(dataDir);
}, 60_000);

it.each(examples().map((example, index) => [index + 1, firstLineOf(example.script), example] as const))(
  'example %i answers as the README says: %s',
  (number, _, { answers }) => {
    const output = outputs[number - 1] ?? '';
    for (const { kind, text } of answers) {
      if (kind === 'http') expect(linesOf(output)).toEqual(expect.arrayContaining(linesOf(text)));
      else expect(jsonIn(output).map(shapeOf)).toContainEqual(shapeOf(JSON.parse(text)));
    }
  },
);

it('has examples that can be checked', () => {
  expect(examples().filter(({ answers }) => answers.length > 0).length).toBeGreaterThanOrEqual(6);
});

it('finds the dialog again that it has created', () => {
  const search = examples().findIndex(({ script }) => script.includes('orderBy='));
  expect(outputs[search]).toContain('"items":[{"id":');
});

it('lists the operations that there are, and no other', async () => {
  const documents = await Promise.all(
    ['/openapi.json', '/openapi.enduser.json'].map(async (document) =>
      openApi.parse(await (await fetch(`${gatewayUrl}${document}`)).json()),
    ),
  );
  const described = documents.flatMap(({ paths }) =>
    Object.entries(paths).flatMap(([at, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${at.replace('/api/v1', '')}`),
    ),
  );
  const listed = [...readme.matchAll(/^\| `([A-Z]+ \/[^`]*)` +\|/gm)].map(([, operation]) => operation);
  // Both documents describe what anybody may ask.
  expect(listed.toSorted()).toEqual([...new Set(described)].sort());
});

function examples(): Example[] {
  const found: Example[] = [];
  for (const [, kind, text = ''] of readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)) {
    if (kind === 'sh') found.push({ script: text, answers: [] });
    else if (kind === 'http' || kind === 'json') found.at(-1)?.answers.push({ kind, text });
  }
  return found;
}

async function run(all: readonly Example[]): Promise<string[]> {
  // What the README writes into the reader's folder goes into one that is thrown away.
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'readme-'));
  const environment = path.join(dataDir, 'environment');
  const subscribe = `${process.execPath} --env-file=${environment} ${cloneDir}/infra/local/src/subscribe.ts`;
  const ingest = `${process.execPath} --env-file=${environment} ${cloneDir}/packages/client/src/ingest.ts`;
  const script = all
    .map((example) => `${example.script}\necho; echo '${separator}'\n`)
    .join('')
    .replaceAll('.data/', `${dataDir}/`)
    .replaceAll('npm run --silent subscribe --', subscribe)
    .replaceAll('npm run --silent ingest --', ingest);
  try {
    const env = await withCurl();
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: scratch, env, timeout: 60_000 });
    return stdout.split(separator);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The environment, with curl on its path: readers have it, a bare machine that runs this test may not. */
async function withCurl(): Promise<NodeJS.ProcessEnv> {
  const onPath = (process.env.PATH ?? '').split(path.delimiter).some((bin) => existsSync(path.join(bin, 'curl')));
  if (onPath) return process.env;
  const folder = path.join(cloneDir, '.data/debian-curl');
  if (findUnpacked(folder, 'curl') === undefined) await fetchDebianPackages(folder, ['curl']);
  const curl = findUnpacked(folder, 'curl');
  if (curl === undefined) throw new Error('There is no curl, and Debian has none either.');
  const PATH = `${path.dirname(curl.file)}${path.delimiter}${process.env.PATH ?? ''}`;
  return { ...process.env, PATH, LD_LIBRARY_PATH: curl.libraryPath };
}

/** Lines without what differs from run to run. */
function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => masked(line.trim()))
    .filter((line) => line !== '');
}

function masked(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '<id>')
    .replace(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+Z/g, '<time>')
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, '<gateway>');
}

function jsonIn(output: string): unknown[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): unknown => JSON.parse(line));
}

function shapeOf(value: unknown): unknown {
  return JSON.parse(masked(JSON.stringify(value)));
}

function firstLineOf(script: string): string {
  return script.split('\n')[0] ?? '';
}

/** The address that it is ready at. */
async function untilReady({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('npm start has no output.');
  let output = '';
  for await (const chunk of stdout) {
    output += String(chunk);
    const [, url] = /^ready: (.*)$/m.exec(output) ?? [];
    if (url !== undefined) {
      stdout.resume();
      return url;
    }
  }
  throw new Error(`npm start has ended:\n${output}`);
}
