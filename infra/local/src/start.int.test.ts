import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { removeDataDir } from './postgres-files.ts';
import { stopLeftovers } from './servers.ts';

const program = path.join(import.meta.dirname, 'start.ts');
const dataDirs: string[] = [];

afterEach(async () => {
  for (const dataDir of dataDirs.splice(0)) {
    await stopLeftovers(dataDir);
    removeDataDir(dataDir);
  }
});

function newDataDir(): string {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'start-'));
  dataDirs.push(dataDir);
  return dataDir;
}

type Run = ReturnType<typeof start>;

/** @param env added to an environment in which nothing of ours is set but `PORT=0` */
function start(env: NodeJS.ProcessEnv, [command = process.execPath, ...args]: string[] = [process.execPath, program]) {
  const { PATH, HOME } = process.env;
  const child = spawn(command, args, { env: { PATH, HOME, PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  return {
    child,
    output,
    ended,
    async ready(): Promise<string> {
      const isOver = Promise.race([
        ended.then(() => true),
        new Promise<false>((go) => child.stdout.once('data', () => go(false))),
      ]);
      if (await isOver) throw new Error(`It ended instead of becoming ready: ${output.stderr}`);
      await expect.poll(() => output.stdout, { timeout: 60_000 }).toMatch(/^ready: http:.*\n$/m);
      return output.stdout.trimEnd().split('\n').at(-1)?.replace('ready: ', '') ?? '';
    },
  };
}

/** The processes that a data folder remembers, by name. */
function processesOf(dataDir: string): Map<string, number> {
  const files = readdirSync(dataDir).filter((name) => name.endsWith('.process.json') && !name.startsWith('start.'));
  const record = z.object({ pid: z.number() });
  return new Map(
    files.map((name) => {
      const { pid } = record.parse(JSON.parse(readFileSync(path.join(dataDir, name), 'utf8')));
      return [name.replace('.process.json', ''), pid];
    }),
  );
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Sends the request that `npm start` printed, word for word; not every machine has curl. Returns the new dialog's id. */
async function pasteFirstRequest({ output }: Run): Promise<string> {
  const printed = /^ {2}curl -i (\S+) -H '(Authorization): ([^']+)' -H '(Content-Type): ([^']+)' -d '([^']+)'$/m;
  const [, url = '', ...rest] = printed.exec(output.stdout) ?? [];
  const [authorization = '', token = '', contentType = '', mediaType = '', body = ''] = rest;
  const headers = { [authorization]: token, [contentType]: mediaType };
  const response = await fetch(url, { method: 'POST', headers, body });
  expect(response.status).toBe(201);
  return z.uuid().parse(await response.json());
}

/** Of dialog tokens. */
async function publishedKeys({ output }: Run): Promise<string[]> {
  const gatewayUrl = /^ready: (.+)$/m.exec(output.stdout)?.[1] ?? '';
  const answer = await fetch(`${gatewayUrl}/api/v1/.well-known/jwks.json`);
  const { keys } = z.object({ keys: z.array(z.object({ kid: z.string() })).length(2) }).parse(await answer.json());
  return keys.map(({ kid }) => kid);
}

async function dialogIds(dataDir: string): Promise<string[]> {
  const environment = readFileSync(path.join(dataDir, 'environment'), 'utf8');
  const client = new pg.Client({ connectionString: /^DATABASE_URL='(.*)'$/m.exec(environment)?.[1] });
  await client.connect();
  const { rows } = await client.query('select id from dialog');
  await client.end();
  return rows.map(({ id }) => id);
}

describe('npm start', () => {
  it('stops at a wrong setting with one line, before anything is started', async () => {
    const dataDir = newDataDir();
    const run = start({ DATA_DIR: dataDir, TOKEN_ISSUERS: 'http://example.com' });
    expect(await run.ended).toBe(1);
    expect(run.output).toEqual({ stdout: '', stderr: expect.stringMatching(/^TOKEN_ISSUERS: [^\n]+\n$/) });
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('stops at a port that is taken with one line, before anything is started', async () => {
    const dataDir = newDataDir();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = z.object({ port: z.number() }).parse(server.address());
    const run = start({ DATA_DIR: dataDir, PORT: String(address.port) });
    expect(await run.ended).toBe(1);
    server.close();
    expect(run.output).toEqual({ stdout: '', stderr: expect.stringMatching(/^PORT: [^\n]+\n$/) });
    expect(processesOf(dataDir).size).toBe(0);
  });

  it('serves, survives a kill of any part and of itself, keeps what it was given, and leaves nothing behind', async () => {
    const dataDir = newDataDir();
    const first = start({ DATA_DIR: dataDir });
    await first.ready();
    const accepted = [await pasteFirstRequest(first)];
    const published = await publishedKeys(first);

    // A second one on the same data would ruin it.
    const second = start({ DATA_DIR: dataDir });
    expect(await second.ended).toBe(1);
    expect(second.output.stderr).toMatch(/^DATA_DIR: [^\n]+\n$/);

    for (const name of ['gateway', 'dialog-worker', 'redis', 'postgres']) {
      const pid = processesOf(dataDir).get(name) ?? Number.NaN;
      process.kill(pid, 'SIGKILL');
      await expect.poll(() => first.output.stderr, { timeout: 30_000 }).toContain(`${name} is back`);
      expect(first.output.stderr).toContain(`${name} ended unexpectedly (SIGKILL)`);
    }
    accepted.push(await pasteFirstRequest(first));

    const orphans = processesOf(dataDir);
    first.child.kill('SIGKILL');
    await first.ended;
    expect([...orphans.values()].every(lives)).toBe(true);

    // As npm runs it: a shell between, and a SIGTERM that reaches only npm.
    const script = `"${process.execPath}" "${program}"; true`;
    const third = start({ DATA_DIR: dataDir, npm_lifecycle_event: 'start' }, ['sh', '-c', script]);
    await third.ready();
    expect([...orphans.values()].some(lives)).toBe(false);
    expect(await dialogIds(dataDir)).toEqual(expect.arrayContaining(accepted));
    expect(await pasteFirstRequest(third)).not.toBe('');
    expect(await publishedKeys(third)).toEqual(published);

    const inOrder = [
      ...['gateway', 'visibility-worker', 'dialog-worker', 'authorization-worker', 'event-relay'],
      ...['altinn-emulator', 'nats', 'redis', 'postgres'],
    ];
    const running = processesOf(dataDir);
    expect([...running.keys()].sort()).toEqual([...inOrder].sort());
    third.child.kill('SIGTERM');
    await third.ended;
    await expect.poll(() => [...running.values()].some(lives), { timeout: 30_000 }).toBe(false);
    expect(processesOf(dataDir).size).toBe(0);
    // Each logs its end: whoever depends on another ends first.
    const ends = inOrder.map((name) => ({ name, endMs: statSync(path.join(dataDir, 'logs', `${name}.log`)).mtimeMs }));
    expect(ends.toSorted((a, b) => a.endMs - b.endMs).map(({ name }) => name)).toEqual(inOrder);
  }, 180_000);
});
