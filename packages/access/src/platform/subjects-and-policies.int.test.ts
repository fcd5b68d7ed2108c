import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Emulator, startEmulator } from '@dialog/altinn-emulator/emulator';
import { createLogger } from '@dialog/telemetry/logger';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { UpstreamFailure } from '../upstream-failure.ts';
import { createAuthenticationLevels } from './authentication-levels.ts';
import type { CacheSettings } from './fresh-cache.ts';
import { createUpstream } from './http.ts';
import { openPlatform } from './platform.ts';
import { createPolicies } from './policies.ts';
import { createSubjectResources } from './subject-resources.ts';
import { createUpdatedPairs } from './updated-pairs.ts';

const resource = 'urn:altinn:resource:';
const role = 'urn:altinn:rolecode:';
const accessPackage = 'urn:altinn:accesspackage:';

let emulator: Emulator;
let warnings: string[] = [];
const log = createLogger('test', 'warn', { write: (line) => void warnings.push(line) });
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(async () => {
  warnings = [];
  await control('DELETE', '/emulator/faults');
  await control('DELETE', '/emulator/calls');
});

function control(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${emulator.baseUrl}${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

function spoil(operation: string, fault: object): Promise<Response> {
  return control('POST', '/emulator/faults', { operation, ...fault });
}

async function calls(operation: string): Promise<number | undefined> {
  return z.record(z.string(), z.number()).parse(await (await control('GET', '/emulator/calls')).json())[operation];
}

function deps({ platformUrl = emulator.baseUrl, ...more }: { platformUrl?: string; cache?: Partial<CacheSettings> }) {
  return { upstream: createUpstream({ retries: 0, trialAfterMs: 1 }, log), platformUrl, log, ...more };
}

function subjectResourcesOf(changes: Parameters<typeof deps>[0] & { pagePairs?: number } = {}) {
  const { pagePairs, ...more } = changes;
  const common = deps(more);
  const updatedPairs = createUpdatedPairs({ ...common, ...(pagePairs !== undefined && { pagePairs }) });
  return createSubjectResources({ ...common, updatedPairs });
}

function platform() {
  const { baseUrl } = emulator;
  const settings = { platformUrl: baseUrl, cdnUrl: baseUrl, maskinportenUrl: baseUrl };
  return openPlatform(settings, { log, upstream: { retries: 0 } });
}

/** An emulator whose files may be changed. */
async function openOwnEmulator(): Promise<{ platformUrl: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'fixtures-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const original = join(fileURLToPath(import.meta.resolve('@dialog/altinn-emulator/emulator')), '../../data');
  await cp(original, folder, { recursive: true });
  const own = await startEmulator({ fixturesDir: folder });
  onTestFinished(() => own.close());
  return { platformUrl: own.baseUrl, folder };
}

describe('subjects and resources', () => {
  it('are known both ways, in lower case, without blanks and without pairs that were deleted', async () => {
    const { resourcesOf, subjectsOf } = await platform().subjectResources.table();
    expect(subjectsOf.get(`${resource}ttd-catch-report`)).toEqual(new Set([`${role}dagl`, `${accessPackage}fiske`]));
    expect(resourcesOf.get(`${role}priv`)).toEqual(
      new Set(
        [
          ...['ttd-building-permit', 'ttd-correspondence', 'ttd-newsletter', 'ttd-appointment', 'ttd-not-delegable'],
          ...['skd-tax-return', 'nav-sick-leave'],
        ].map((id) => resource + id),
      ),
    );
    expect([...(resourcesOf.get(`${role}dagl`) ?? [])]).toEqual(
      expect.arrayContaining(['ttd-catch-report', 'ttd-mixed-case'].map((id) => resource + id)),
    );
    expect(subjectsOf.has(`${resource}ttd-without-status`)).toBe(false);
  });

  it('are the same however many come at a time, though the links name a host that is not there', async () => {
    const whole = await subjectResourcesOf().table();
    expect(await calls('updated-pairs')).toBe(1);
    for (const pagePairs of [1, 3, 4]) {
      expect(await subjectResourcesOf({ pagePairs }).table()).toEqual(whole);
    }
    expect(await calls('updated-pairs')).toBeGreaterThan(20);
  });

  it('are read once, and then only what has changed since', async () => {
    const { platformUrl, folder } = await openOwnEmulator();
    const subjectResources = subjectResourcesOf({ platformUrl, cache: { freshMs: 0 } });
    const table = await subjectResources.table();
    expect(table.resourcesOf.get(`${role}regna`)?.size).toBe(2);
    const others = table.resourcesOf.get(`${role}dagl`);
    expect(others?.size).toBeGreaterThan(1);

    const file = join(folder, 'subject-resources.json');
    const pairs: { subjectUrn: string; updatedAt: string; deleted: boolean }[] = JSON.parse(
      await readFile(file, 'utf8'),
    );
    // Of what is as old as the newest pair or older, nothing is asked again.
    for (const pair of pairs) pair.deleted = true;
    const updatedAt = '2026-02-01T00:00:00.000001+00:00';
    const changed = pairs
      .filter(({ subjectUrn }) => subjectUrn === `${role}regna`)
      .map((pair) => ({ ...pair, updatedAt }));
    await writeFile(file, JSON.stringify([...pairs, ...changed]));
    await expect.poll(async () => (await subjectResources.table()).resourcesOf.has(`${role}regna`)).toBe(false);
    expect((await subjectResources.table()).resourcesOf.get(`${role}dagl`)).toEqual(others);
  });

  it('stay what they are while the registry is away, and are an upstream failure before there are any', async () => {
    const subjectResources = subjectResourcesOf({ cache: { freshMs: 0 } });
    await spoil('updated-pairs', { brokenJson: true });
    await expect(subjectResources.table()).rejects.toThrow(UpstreamFailure);
    await control('DELETE', '/emulator/faults');
    const { size } = (await subjectResources.table()).resourcesOf;
    await spoil('updated-pairs', { status: 500 });
    await subjectResources.table();
    await expect.poll(() => warnings.length).toBe(1);
    expect((await subjectResources.table()).resourcesOf.size).toBe(size);
  });
});

describe('the minimum authentication level of a resource', () => {
  it.each([
    ['ttd-building-permit', 3],
    ['TTD-Catch-Report', 4],
    ['ttd-correspondence', undefined],
  ])('of %s is %s, asked for once', async (id, level) => {
    const { authenticationLevels } = platform();
    expect(await authenticationLevels.minimumLevelOf(resource + id)).toBe(level);
    expect(await authenticationLevels.minimumLevelOf(resource + id)).toBe(level);
    expect(await calls('policy')).toBe(1);
    expect(warnings).toEqual([]);
  });

  it.each(['ttd-not-delegable', 'ttd-without-status'])(
    'is unknown where the policy of %s is faulty or missing: a warning, and asked for once',
    async (id) => {
      const { authenticationLevels } = platform();
      expect(await authenticationLevels.minimumLevelOf(resource + id)).toBeUndefined();
      expect(await authenticationLevels.minimumLevelOf(resource + id)).toBeUndefined();
      expect(await calls('policy')).toBe(1);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(id);
    },
  );

  it('is unknown while the registry is away, and asked for again', async () => {
    const { authenticationLevels } = platform();
    await spoil('policy', { status: 500, times: 1 });
    expect(await authenticationLevels.minimumLevelOf(`${resource}skd-tax-return`)).toBeUndefined();
    expect(await authenticationLevels.minimumLevelOf(`${resource}skd-tax-return`)).toBe(4);
    expect(warnings).toHaveLength(1);
  });

  it('of services of the old platform is not asked for', async () => {
    expect(await platform().authenticationLevels.minimumLevelOf(`${resource}se_1234_1`)).toBeUndefined();
    expect(await calls('policy')).toBe(0);
  });

  it('stays what it was when the policy becomes unreadable, until there is a new one', async () => {
    const { platformUrl, folder } = await openOwnEmulator();
    const common = deps({ platformUrl, cache: { freshMs: 0 } });
    const levels = createAuthenticationLevels({ ...common, policies: createPolicies(common) });
    const permit = `${resource}ttd-building-permit`;
    const file = join(folder, 'policies/ttd-building-permit.xml');
    const xml = await readFile(file, 'utf8');
    expect(await levels.minimumLevelOf(permit)).toBe(3);
    await writeFile(file, xml.slice(0, 100));
    await levels.minimumLevelOf(permit);
    await expect.poll(() => warnings.length).toBeGreaterThan(0);
    expect(await levels.minimumLevelOf(permit)).toBe(3);
    await writeFile(file, xml.replace('>3<', '>4<'));
    await expect.poll(() => levels.minimumLevelOf(permit)).toBe(4);
  });
});

describe('what roles and access packages are called', () => {
  it('is known of a role under each of its subjects, in three languages', async () => {
    const roles = await platform().roles.bySubject();
    expect(await calls('role-metadata')).toBe(3);
    const chief = roles.get(`${role}dagl`);
    expect(chief).toEqual({
      urn: `${role}dagl`,
      names: new Map([
        ['nb', 'Daglig leder'],
        ['en', 'Chief executive officer'],
        ['nn', 'Dagleg leiar'],
      ]),
      metadata: expect.stringMatching(/\/accessmanagement\/api\/v1\/meta\/info\/roles\/[0-9a-f-]{36}$/),
    });
    expect(roles.get('urn:altinn:external-role:ccr:daglig-leder')).toBe(chief);
  });

  it('is known by code where a role has no URN of the old kind', async () => {
    const roles = await platform().roles.bySubject();
    expect(roles.get(`${role}regna`)).toMatchObject({ urn: 'urn:altinn:role:regnskapsforer-med-signeringsrettighet' });
    expect(roles.get(`${role}regna`)?.names.has('nn')).toBe(false);
    expect(roles.get('urn:altinn:role:nameless')?.names.size).toBe(0);
    expect(roles.has('urn:altinn:role:without-id')).toBe(false);
    expect(roles.has(`${role}none`)).toBe(false);
  });

  it('is known of packages by their URN', async () => {
    const packages = await platform().accessPackages.bySubject();
    expect([...packages.keys()]).toEqual([`${accessPackage}fiske`, `${accessPackage}byggesoknad`]);
    expect(packages.get(`${accessPackage}fiske`)).toEqual({
      urn: `${accessPackage}fiske`,
      names: new Map([
        ['nb', 'Fiske'],
        ['en', 'Fishing'],
        ['nn', 'Fiske'],
      ]),
      metadata: expect.stringMatching(/\/accesspackages\/package\/urn\/urn%3Aaltinn%3Aaccesspackage%3Afiske$/),
    });
  });

  it('is asked for once an hour, and a failure is one of the platform', async () => {
    const { roles, accessPackages } = platform();
    await Promise.all([roles.bySubject(), roles.bySubject(), accessPackages.bySubject()]);
    await accessPackages.bySubject();
    expect([await calls('role-metadata'), await calls('access-packages')]).toEqual([3, 3]);
    await spoil('role-metadata', { status: 404 });
    await expect(platform().roles.bySubject()).rejects.toThrow(UpstreamFailure);
  });
});
