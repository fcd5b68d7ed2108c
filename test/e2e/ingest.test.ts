import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type BulkLine,
  type BulkOptions,
  type BulkProgress,
  type BulkResult,
  BulkWriteInterrupted,
  BulkWriteRefused,
  writeInBulk,
} from '@dialog/client/write-in-bulk';
import { cloneDir } from '@dialog/local/settings';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import {
  numberedActivity,
  numberedTransmission,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

let space: TestSpace;
let services: Constellation;
let ttd: ServiceOwner;
let gateway: Awaited<ReturnType<Constellation['startGateway']>>;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ingest-'));
  space = await openTestSpace();
  services = await openConstellation(space);
  ({ gateway } = await services.startAll());
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await services.close();
  await space.close();
  rmSync(folder, { recursive: true });
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

/** A dialog, and changes of it that are refused unless they are applied once each, in their order. */
function countingLines(dialogId: string, changes: number): BulkLine[] {
  const create: BulkLine = { kind: 'CreateDialog', body: { ...smallDialog(), id: dialogId, progress: 0 } };
  const patches = Array.from({ length: changes }, (_, index): BulkLine => {
    const [from, to] = [index % 100, (index + 1) % 100];
    const body = [
      { op: 'test' as const, path: '/progress', value: from },
      { op: 'replace' as const, path: '/progress', value: to },
    ];
    return { kind: 'PatchDialog', dialogId, body };
  });
  return [create, ...patches];
}

/** One line of each in turn. */
function* interleaved<T>(lists: readonly (readonly T[])[]): Generator<T, undefined> {
  for (let index = 0; lists.some((list) => index < list.length); index++) {
    for (const list of lists) {
      const item = list[index];
      if (item !== undefined) yield item;
    }
  }
  return undefined;
}

function write(lines: Iterable<BulkLine> | AsyncIterable<BulkLine>, options: Partial<BulkOptions> = {}) {
  return writeInBulk(lines, { url: services.gatewayUrl, token: () => services.token({ org: 'ttd' }), ...options });
}

async function all<T>(results: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const result of results) collected.push(result);
  return collected;
}

function resultsOf(results: readonly BulkResult<BulkLine>[]): string[] {
  return results.toSorted((a, b) => a.index - b.index).map(({ result, outcome }) => `${result} ${outcome?.status}`);
}

describe('the bulk writer', () => {
  it('writes every kind of line in the order of its dialog, and tells how each has ended', async () => {
    const id = uuidv7();
    const progress: BulkProgress[] = [];
    const lines: BulkLine[] = [
      { kind: 'CreateDialog', body: { ...smallDialog(), id } },
      { kind: 'CreateDialog', body: smallDialog() },
      { kind: 'CreateTransmission', dialogId: id, body: numberedTransmission(1) },
      { kind: 'CreateActivity', dialogId: id.toUpperCase(), body: numberedActivity('bulk', 1) },
      { kind: 'PatchDialog', dialogId: id, body: [{ op: 'add', path: '/progress', value: 50 }], isSilentUpdate: true },
      { kind: 'UpdateDialog', dialogId: id, body: { ...smallDialog(), status: 'Completed' } },
      { kind: 'PatchDialog', dialogId: id, ifMatch: uuidv7(), body: [] },
      { kind: 'DeleteDialog', dialogId: id },
      { kind: 'CreateActivity', dialogId: id, body: numberedActivity('bulk', 2) },
    ];
    const results = await all(write(lines, { total: lines.length, onProgress: (now) => void progress.push(now) }));
    expect(resultsOf(results)).toEqual([
      ...['applied 201', 'applied 201', 'applied 201', 'applied 201', 'applied 204', 'applied 204'],
      ...['refused 412', 'applied 204', 'refused 410'],
    ]);
    expect(progress.at(-1)).toMatchObject({ done: 7, failed: 2, retried: 0, total: 9, secondsLeft: 0 });
    const refused = results.find(({ index }) => index === 8);
    expect(refused?.outcome).toMatchObject({ kind: 'CreateActivity', problem: { status: 410 } });
    expect(await ttd.getDialog(id)).toMatchObject({
      body: { status: 'Completed', activities: [{}], transmissions: [{}] },
    });
  });

  it('accepts without waiting, and its operations tell how it ends', async () => {
    const ids = [uuidv7(), uuidv7()];
    const lines = interleaved(ids.map((id) => countingLines(id, 5)));
    const results = await all(write(lines, { respondAsync: true }));
    expect(new Set(resultsOf(results))).toEqual(new Set(['accepted 202']));
    for (const { outcome } of results) {
      expect(await ttd.operationEnded(outcome?.operationId ?? '')).toMatchObject({ status: 'Applied' });
    }
  });

  it.each([
    ['one line of a dialog under way at a time', {}],
    ['several', { perDialogMax: 8 }],
  ])('applies each line once, in order, while the gateway is killed: %s', async (_, options) => {
    const dialogs = Array.from({ length: 20 }, () => uuidv7());
    const interruptions: unknown[] = [];
    const written = write(interleaved(dialogs.map((id) => countingLines(id, 20))), {
      ...options,
      onInterruption: (err) => void interruptions.push(err),
    });
    const results: BulkResult<BulkLine>[] = [];
    for await (const result of written) {
      results.push(result);
      if (results.length !== 150) continue;
      await gateway.kill();
      gateway = await services.startGateway();
    }
    expect(interruptions.length).toBeGreaterThanOrEqual(1);
    expect(results.filter(({ result }) => result !== 'applied')).toEqual([]);
    expect(new Set(results.map(({ index }) => index)).size).toBe(20 * 21);
    for (const id of dialogs) expect(await ttd.getDialog(id)).toMatchObject({ body: { progress: 20 } });
  });

  it('asks again for the end of lines that took longer than the service waits', async () => {
    await gateway.stop();
    gateway = await services.startGateway({ WRITE_WAIT_MS: '500' });
    const letGo = await services.holdLanes();
    const dialogs = Array.from({ length: 5 }, () => uuidv7());
    const written = write(interleaved(dialogs.map((id) => countingLines(id, 5))));
    const results = all(written);
    await expect.poll(() => written.progress().retried, { timeout: 20_000 }).toBeGreaterThan(0);
    await letGo();
    expect(new Set((await results).map(({ result }) => result))).toEqual(new Set(['applied']));
    expect(written.progress()).toMatchObject({ done: 30, failed: 0, repeated: 0 });
    for (const id of dialogs) expect(await ttd.getDialog(id)).toMatchObject({ body: { progress: 5 } });
  });

  it('asks for another token when one has expired, and ends when that is not it', async () => {
    const expired = { org: 'ttd', fault: 'expired' };
    let asked = 0;
    const token = () => {
      asked += 1;
      return services.token(asked === 1 ? expired : { org: 'ttd' });
    };
    const results = await all(write(countingLines(uuidv7(), 5), { token }));
    expect(new Set(results.map(({ result }) => result))).toEqual(new Set(['applied']));

    const refused = all(write(countingLines(uuidv7(), 5), { token: () => services.token(expired) }));
    await expect(refused).rejects.toThrow(BulkWriteRefused);
    await expect(refused).rejects.toMatchObject({ status: 401 });
    const person = all(write(countingLines(uuidv7(), 5), { token: () => services.token({ pid: '01817030080' }) }));
    await expect(person).rejects.toMatchObject({ status: 403 });
  });

  it('gives up when the service cannot be reached as often as it may try', async () => {
    const unreachable = all(write(countingLines(uuidv7(), 1), { url: 'http://127.0.0.1:1', triesMax: 2 }));
    await expect(unreachable).rejects.toThrow(BulkWriteInterrupted);
  });

  it('hands over what was read before its source failed, and reads no more than the loop gets through', async () => {
    const source = new Error('The source has failed.');
    let read = 0;
    async function* lines() {
      for (const id of Array.from({ length: 50 }, () => uuidv7())) {
        read += 1;
        yield { kind: 'CreateDialog' as const, body: { ...smallDialog(), id } };
      }
      throw source;
    }
    let taken = 0;
    const ended = (async () => {
      for await (const { result } of write(lines(), { linesInHandMax: 10 })) {
        expect(result).toBe('applied');
        expect(read - taken).toBeLessThanOrEqual(11);
        taken += 1;
      }
    })();
    await expect(ended).rejects.toBe(source);
    expect(taken).toBe(50);
  });

  it('stops reading, or ends at once', async () => {
    async function* endless() {
      for (;;) yield { kind: 'CreateDialog' as const, body: smallDialog() };
    }
    const stopped = write(endless(), { linesInHandMax: 50 });
    let count = 0;
    for await (const { result } of stopped) {
      expect(result).toBe('applied');
      count += 1;
      if (count === 5) stopped.stop();
    }
    expect(stopped.progress()).toMatchObject({ done: count, failed: 0 });

    const aborting = new AbortController();
    const reason = new Error('Enough.');
    const aborted = (async () => {
      for await (const _ of write(endless(), { linesInHandMax: 50, signal: aborting.signal })) aborting.abort(reason);
    })();
    await expect(aborted).rejects.toBe(reason);
  });
});

type Run = { child: ChildProcess; output: () => string; ended: Promise<number | null> };

describe('npm run ingest', () => {
  async function ingest(...args: string[]): Promise<Run> {
    const env = {
      ...process.env,
      GATEWAY_URL: services.gatewayUrl,
      TOKEN: await services.token({ org: 'ttd' }),
      ALTINN_PLATFORM_URL: '',
    };
    const child = spawn(process.execPath, [path.join(cloneDir, 'packages/client/src/ingest.ts'), ...args], { env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += String(text)));
    const { promise, resolve } = Promise.withResolvers<number | null>();
    child.on('close', resolve);
    return { child, output: () => output, ended: promise };
  }

  function file(name: string, lines: readonly unknown[]): string {
    const at = path.join(folder, name);
    writeFileSync(at, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
    return at;
  }

  function linesIn(at: string): string[] {
    return readFileSync(at, 'utf8').trimEnd().split('\n');
  }

  it('writes its own example, and the same again without any change', async () => {
    const example = await ingest('--example', '30');
    expect(await example.ended).toBe(0);
    const at = file('example.ndjson', [example.output()]);
    const outcomes = path.join(folder, 'outcomes.ndjson');
    const first = await ingest('--outcomes', outcomes, at);
    expect([await first.ended, first.output()]).toEqual([0, expect.stringMatching(/30 lines in .*: 30 applied\.\n$/)]);
    const again = await ingest(at);
    expect([await again.ended, again.output()]).toEqual([
      0,
      expect.stringContaining('30 applied (30 of them before).'),
    ]);
    expect(linesIn(outcomes)).toHaveLength(30);
    expect(existsSync(`${at}.failed.ndjson`)).toBe(false);
    for (const line of linesIn(outcomes).map((text) => JSON.parse(text))) {
      if (line.kind !== 'CreateDialog') continue;
      expect(await ttd.getDialog(line.dialogId)).toMatchObject({ body: { activities: [{}], transmissions: [{}] } });
    }
  });

  it('keeps failed lines as they were, with the reasons, and they can be corrected and written', async () => {
    const bad = { ...smallDialog(), party: 'nobody' };
    const at = file('bad.ndjson', [smallDialog(), '{"no json', '', bad, { dialogId: uuidv7(), kind: 'DeleteDialog' }]);
    const run = await ingest('--kind', 'CreateDialog', at);
    expect([await run.ended, run.output()]).toEqual([1, expect.stringContaining('4 lines')]);
    const failed = `${at}.failed.ndjson`;
    const reasons = linesIn(`${at}.failed.reasons.ndjson`).map((line) => JSON.parse(line));
    expect(linesIn(failed)).toHaveLength(3);
    const found = linesIn(failed).map((line, index) => [reasons[index].line, reasons[index].status, line]);
    expect(found.toSorted(([a], [b]) => a - b)).toEqual([
      [2, 400, '{"no json'],
      [4, 400, JSON.stringify(bad)],
      [5, 404, expect.stringContaining('DeleteDialog')],
    ]);
    writeFileSync(failed, JSON.stringify(smallDialog()));
    const corrected = await ingest('--kind', 'CreateDialog', failed);
    expect([await corrected.ended, corrected.output()]).toEqual([0, expect.stringContaining('1 applied')]);
  });

  it('reads standard input, and at Ctrl-C waits for what was sent and says where to go on', async () => {
    const lines = [...interleaved([uuidv7(), uuidv7(), uuidv7()].map((id) => countingLines(id, 9)))];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const letGo = await services.holdLanes();
    const run = await ingest('--name', 'ctrl-c', '-');
    run.child.stdin?.write(text);
    // It is at work, and its input goes on.
    await expect.poll(() => lanesAreWaiting(), { timeout: 20_000 }).toBe(true);
    run.child.kill('SIGINT');
    await expect.poll(run.output).toContain('Stopping');
    await letGo();
    expect(await run.ended).toBe(1);
    expect(run.output()).toContain('30 lines');
    expect(run.output()).toContain('30 applied');
    expect(run.output()).toContain('go on with --start-at 31');
  });

  it('leaves at the second Ctrl-C, and what was sent is not applied twice when it goes on', async () => {
    const ids = [uuidv7(), uuidv7(), uuidv7()];
    const at = file('left.ndjson', [...interleaved(ids.map((id) => countingLines(id, 9)))]);
    const letGo = await services.holdLanes();
    const run = await ingest(at);
    await expect.poll(() => lanesAreWaiting(), { timeout: 20_000 }).toBe(true);
    await expect
      .poll(() => run.child.kill('SIGINT') && run.child.exitCode, { interval: 200, timeout: 10_000 })
      .not.toBeNull();
    expect(await run.ended).toBe(1);
    expect(run.output()).toContain('go on with --start-at 1');
    await letGo();
    const again = await ingest(at);
    expect([await again.ended, again.output()]).toEqual([0, expect.stringContaining('30 applied (3 of them before)')]);
    for (const id of ids) expect(await ttd.getDialog(id)).toMatchObject({ body: { progress: 9 } });
  });

  it.each([
    ['wrong arguments', ['--fast', 'a.ndjson'], 'Usage:'],
    ['no such file', ['nowhere.ndjson'], 'ENOENT'],
    ['no service', ['--url', 'http://127.0.0.1:1', 'a.ndjson'], 'cannot be reached'],
    ['no token', ['--token-file', 'nowhere', 'a.ndjson'], 'ENOENT'],
  ])('ends with 2 for %s', async (_, args, message) => {
    const run = await ingest(...args);
    expect([await run.ended, run.output()]).toEqual([2, expect.stringContaining(message)]);
  });

  it('ends with 2 when the caller has no right', async () => {
    const token = path.join(folder, 'token');
    writeFileSync(token, await services.token({ pid: '01817030080' }));
    const run = await ingest('--token-file', token, file('unsent.ndjson', [smallDialog()]));
    expect([await run.ended, run.output()]).toEqual([2, expect.stringContaining('403')]);
    expect(run.output()).toContain('go on with --start-at 1');
  });
});

/** Whether a worker stands in front of a lane that is held. */
async function lanesAreWaiting(): Promise<boolean> {
  const { rows } = await sql<{ waiting: boolean }>`
    select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as waiting
  `.execute(services.db);
  return rows[0]?.waiting ?? false;
}
