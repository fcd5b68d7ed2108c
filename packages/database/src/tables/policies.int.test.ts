import type { PolicyGrant, PolicyQuestion } from '@dialog/contracts/policy-grant';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from '../open.ts';
import * as policyQuestions from './policy-questions.ts';
import * as resourcePolicies from './resource-policies.ts';

let space: TestSpace;
let db: Database;
beforeAll(async () => {
  space = await openTestSpace();
  db = openDatabase(space.databaseUrl, {
    ...{ applicationName: 'test', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 30_000 },
  });
});
afterEach(async () => {
  await db.deleteFrom('resource_policy').execute();
  await db.deleteFrom('policy_question').execute();
});
afterAll(async () => {
  await db.destroy();
  await space.close();
});

const permit = 'urn:altinn:resource:ttd-building-permit';
const report = 'urn:altinn:resource:ttd-catch-report';
const read: PolicyQuestion = { serviceResource: permit, action: 'read', attribute: 'main' };
const dagl: PolicyGrant = { permits: [{ subjects: ['urn:altinn:rolecode:dagl'], certain: true }], denies: [] };
const nobody: PolicyGrant = { permits: [], denies: [] };

/** `confirmed`, `changed`: how long ago. */
type PolicyFacts = { resource?: string; confirmed?: string | null; changed?: string | null; level?: number };

async function policy(version: string | null, more: PolicyFacts = {}) {
  const { resource = permit, confirmed = '1 minute', changed = null, level = null } = more;
  await sql`
    insert into resource_policy (service_resource, version, minimum_level, confirmed_at, changed_at, checked_at)
    values (${resource}, ${version}, ${level}, now() - ${confirmed}::interval, now() - ${changed}::interval, now())
  `.execute(db);
}

async function answer(question: PolicyQuestion, version: string | null, grant: PolicyGrant | null) {
  const { serviceResource, action, attribute } = question;
  const [permits, denies] =
    grant === null ? [null, null] : [grant.permits, grant.denies].map((one) => JSON.stringify(one));
  await sql`
    insert into policy_question (service_resource, action, attribute, policy_version, permits, denies)
    values (${serviceResource}, ${action}, ${attribute}, ${version}, ${permits}, ${denies})
  `.execute(db);
}

const found = (questions: PolicyQuestion[]) => policyQuestions.findGrants(db, questions, { ageMsMax: 30 * 60_000 });

it('finds what policies answer, in the order of the questions, which may be asked twice', async () => {
  const sign = { ...read, action: 'sign', attribute: 'urn:altinn:task:control' };
  const readReport = { ...read, serviceResource: report };
  await policy('1');
  await policy('7', { resource: report });
  await answer(read, '1', dagl);
  await answer(sign, '1', nobody);
  await answer(readReport, '7', nobody);
  expect(await found([sign, { ...read, action: 'Read' }, read, readReport, read])).toEqual([
    nobody,
    undefined,
    dagl,
    nobody,
    dagl,
  ]);
  expect(await found([])).toEqual([]);
});

type Answered = PolicyFacts & { version: string | null; answered: string | null; grant?: PolicyGrant | null };

it.each<[string, Answered]>([
  ['there is none yet', { version: '1', answered: null, grant: null }],
  ['it is of an older version of the policy', { version: '2', answered: '1' }],
  ['nobody knows the policy any more', { version: null, answered: '1' }],
  ['the policy was not confirmed for long', { version: '1', confirmed: '31 minutes', answered: '1' }],
  ['the policy was never confirmed', { version: '1', confirmed: null, answered: '1' }],
  ['the policy may have changed since', { version: '1', confirmed: '1 minute', changed: '30 seconds', answered: '1' }],
  ['the policy may just have changed', { version: '1', confirmed: '1 minute', changed: '1 minute', answered: '1' }],
])('counts no answer when %s', async (_, { version, answered, grant = dagl, ...facts }) => {
  await policy(version, facts);
  await answer(read, answered, grant);
  expect(await found([read])).toEqual([undefined]);
});

it('counts an answer of a policy that was confirmed since it changed', async () => {
  await policy('1', { confirmed: '1 minute', changed: '2 minutes' });
  await answer(read, '1', dagl);
  expect(await found([read])).toEqual([dagl]);
});

it('counts no answer without a policy', async () => {
  await answer(read, '1', dagl);
  expect(await found([read])).toEqual([undefined]);
});

it('finds the levels of policies that were read, and how lately', async () => {
  const older = 'urn:altinn:resource:ttd-correspondence';
  const unread = 'urn:altinn:resource:skd-tax-return';
  await policy('1', { level: 4 });
  await policy('1', { resource: report });
  await policy('1', { resource: older, level: 0, confirmed: '7 hours' });
  await policy(null, { resource: unread, confirmed: null });
  const levels = await resourcePolicies.findLevels(db, [permit, report, older, unread, 'none'], {
    ageMsMax: 6 * 60 * 60_000,
  });
  expect(Object.fromEntries(levels)).toEqual({
    [permit]: { level: 4, isLate: false },
    [report]: { level: undefined, isLate: false },
    [older]: { level: 0, isLate: true },
  });
});
