import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPlatform } from '@dialog/access/platform/platform';
import {
  action,
  matchXml,
  obligationXml,
  oneOf,
  policyXml,
  resource as resourceMatch,
  role,
  ruleXml,
} from '@dialog/access/testing/policy-xml';
import { startEmulator } from '@dialog/altinn-emulator/emulator';
import type { PolicyGrant, PolicyQuestion } from '@dialog/contracts/policy-grant';
import { type Database, openDatabase } from '@dialog/database/open';
import * as policyQuestions from '@dialog/database/tables/policy-questions';
import { openServer, type ServerHandle } from '@dialog/local/server-process';
import { serviceProgram } from '@dialog/local/services';
import { openTestSpace } from '@dialog/local/testing';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import { sql } from 'kysely';
import { inject } from 'vitest';
import { z } from 'zod';
import { type AnswerDeps, answerQuestions } from '../answer-questions.ts';
import { createAuthorizationMetrics } from '../metrics.ts';

export const resource = (id: string) => `urn:altinn:resource:${id}`;

const level = (value: number) => ({ more: obligationXml('urn:altinn:minimum-authenticationlevel', String(value)) });
const part = (name: string) => oneOf(matchXml('resource', 'urn:altinn:subresource', name));
const of = (id: string, roles: string[], actions: string[], ...more: string[]) =>
  ruleXml([
    oneOf(...roles.map((code) => role(code))),
    oneOf(resourceMatch(id)),
    oneOf(...actions.map((name) => action(name))),
    ...more,
  ]);

/** What the policies say before a test changes them. */
const policiesAtFirst: Record<string, string> = {
  'ttd-building-permit': policyXml([of('ttd-building-permit', ['dagl', 'priv'], ['read', 'write'])], level(3)),
  'ttd-catch-report': policyXml(
    [
      of('ttd-catch-report', ['dagl'], ['read']),
      of('ttd-catch-report', ['regna'], ['transmissionread'], part('basis')),
    ],
    level(4),
  ),
};

/** A database, a queue and an Altinn platform of one test file's own, whose policies it may change. */
export async function openAuthorizationFixture() {
  const space = await openTestSpace();
  const folder = path.join(inject('testServers').dataDir, `authorization-${randomBytes(4).toString('hex')}`);
  const fixturesDir = path.join(folder, 'altinn');
  const original = path.join(fileURLToPath(import.meta.resolve('@dialog/altinn-emulator/emulator')), '../../data');
  writeFixtures();
  const emulator = await startEmulator({ fixturesDir });
  const { baseUrl } = emulator;

  const db: Database = openDatabase(space.databaseUrl, {
    ...{ applicationName: 'test', connectionsMax: 10, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000 },
  });
  const log = createLogger('test', 'silent');
  const addresses = { platformUrl: baseUrl, cdnUrl: baseUrl, maskinportenUrl: baseUrl };
  const upstream = { retries: 0, breakAfterFailures: 1_000 };
  const { policies, updatedPairs } = openPlatform(addresses, { log, upstream });
  const registry = createMetrics('test');
  const metrics = createAuthorizationMetrics(registry);
  const deps: AnswerDeps = { ...{ db, policies, metrics, log }, ages: { ageMsMax: 600_000, retryMs: 30_000 } };
  const workers: ServerHandle[] = [];

  return {
    db,
    deps,
    log,
    registry,
    updatedPairs,
    space,

    /** As a job does it. Without ages, as if the policy had been asked for just now. */
    answer: (serviceResource: string, ages: Partial<AnswerDeps['ages']> = {}) =>
      answerQuestions({ ...deps, ages: { ...deps.ages, ...ages } }, serviceResource),

    /** Adds questions as dialogs do: `read main`. */
    async ask(serviceResource: string, ...asked: string[]): Promise<void> {
      await policyQuestions.insert(
        db,
        asked.map((text) => questionOf(serviceResource, text)),
      );
    },

    /** What counts as the answer to each question of a resource; null where there is none. */
    async answers(serviceResource: string): Promise<Record<string, PolicyGrant['permits'] | null>> {
      const rows = await db
        .selectFrom('policy_question as question')
        .leftJoin('resource_policy as policy', (join) =>
          join
            .onRef('policy.service_resource', '=', 'question.service_resource')
            .onRef('policy.version', '=', 'question.policy_version'),
        )
        .select(['question.action', 'question.attribute', 'question.permits', 'policy.version'])
        .where('question.service_resource', '=', serviceResource)
        .orderBy('question.action')
        .orderBy('question.attribute')
        .execute();
      return Object.fromEntries(
        rows.map(({ action, attribute, permits, version }) => [
          `${action} ${attribute}`,
          version === null ? null : permits,
        ]),
      );
    },

    policy: (serviceResource: string) =>
      db
        .selectFrom('resource_policy')
        .selectAll()
        .select(({ eb }) => eb('confirmed_at', '=', eb.ref('checked_at')).as('isConfirmed'))
        .where('service_resource', '=', serviceResource)
        .executeTakeFirstOrThrow(),

    /** Makes everything that is stored of policies as old as that. */
    async age(ms: number): Promise<void> {
      const by = sql`${ms} * interval '1 millisecond'`;
      await sql`
        update resource_policy
        set checked_at = checked_at - ${by}, confirmed_at = confirmed_at - ${by}, changed_at = changed_at - ${by}
      `.execute(db);
    },

    editPolicy(id: string, edit: (xml: string) => string): void {
      writeFileSync(policyFile(id), edit(readFileSync(policyFile(id), 'utf8')));
    },
    writePolicy: (id: string, xml: string) => writeFileSync(policyFile(id), xml),
    readPolicy: (id: string) => readFileSync(policyFile(id), 'utf8'),
    removePolicy: (id: string) => rmSync(policyFile(id)),

    /** The registry's feed says that a subject got something on a resource. */
    announce(pair: { subjectUrn: string; resourceUrn: string; updatedAt: string }): void {
      const file = path.join(fixturesDir, 'subject-resources.json');
      const pairs = z.array(z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')));
      writeFileSync(file, JSON.stringify([...pairs, { ...pair, deleted: false }]));
    },

    spoil: (fault: object) => control('POST', '/emulator/faults', { operation: 'policy', ...fault }),
    mend: () => control('DELETE', '/emulator/faults'),

    /** How often a policy was asked for since the last `forgetCalls`. */
    async policyCalls(): Promise<number> {
      const answer = await fetch(`${baseUrl}/emulator/calls`);
      return z.object({ policy: z.number() }).parse(await answer.json()).policy;
    },
    forgetCalls: () => control('DELETE', '/emulator/calls'),

    /** The service as a process. Everything that takes its time in production is quick. */
    async startWorker(settings: Record<string, string> = {}): Promise<ServerHandle> {
      const instance = path.join(folder, `worker-${randomBytes(3).toString('hex')}`);
      mkdirSync(instance);
      const program = await serviceProgram('authorization-worker', instance, 'HEALTH_PORT', {
        ...{ DATABASE_URL: space.databaseUrl, REDIS_URL: space.redisUrl, REDIS_PREFIX: space.redisPrefix },
        ...{ ALTINN_PLATFORM_URL: baseUrl, JOB_LOCK_MS: '1000', JOB_LOCK_CHECK_MS: '250' },
        NODE_COMPILE_CACHE: path.join(inject('testServers').dataDir, 'compile-cache'),
        ...settings,
      });
      const worker = await openServer(program);
      workers.push(worker);
      return worker;
    },

    /** Forgets everything. No worker may run. */
    async reset(): Promise<void> {
      for (const worker of workers.splice(0)) await worker.stop();
      await Promise.all(
        (['policy_question', 'resource_policy', 'authorization_round', 'dialog_transmission', 'dialog'] as const).map(
          (table) => db.deleteFrom(table).execute(),
        ),
      );
      writeFixtures();
      await Promise.all([control('DELETE', '/emulator/faults'), control('DELETE', '/emulator/calls')]);
    },

    async close(): Promise<void> {
      for (const worker of workers) await worker.stop();
      await db.destroy();
      await emulator.close();
      await space.close();
    },
  };

  function writeFixtures(): void {
    cpSync(original, fixturesDir, { recursive: true });
    for (const [id, xml] of Object.entries(policiesAtFirst)) writeFileSync(policyFile(id), xml);
  }

  function policyFile(id: string): string {
    return path.join(fixturesDir, 'policies', `${id}.xml`);
  }

  function control(method: string, at: string, body?: object): Promise<Response> {
    return fetch(`${baseUrl}${at}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
  }
}
export type AuthorizationFixture = Awaited<ReturnType<typeof openAuthorizationFixture>>;

function questionOf(serviceResource: string, text: string): PolicyQuestion {
  const [action = '', attribute = ''] = text.split(' ');
  return { serviceResource, action, attribute };
}
