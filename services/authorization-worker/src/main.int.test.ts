/** The service as a process: what it does by itself, and what happens when it is killed or forgotten. */
import type { CreateDialogBody } from '@dialog/contracts/create-dialog';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as transmissions from '@dialog/database/tables/transmissions';
import { inTransaction } from '@dialog/database/transaction';
import { createDialog } from '@dialog/domain/create-dialog';
import { emptyState } from '@dialog/domain/dialog-state';
import * as examples from '@dialog/domain/testing/examples';
import { openRedis, type RedisConnections } from '@dialog/lanes/open-redis';
import { createPolicyQueueMetrics, openPolicyQueue, type PolicyQueue } from '@dialog/lanes/policy-queue';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuthorizationFixture, openAuthorizationFixture, resource } from './testing/authorization-fixture.ts';

const permit = resource('ttd-building-permit');
const report = resource('ttd-catch-report');
/** Longer than a test may take. */
const never = '3600000';
const onlyTheQueue = { QUESTION_SWEEP_MS: never, REGISTRY_POLL_MS: never, DIALOG_SWEEP_PAUSE_MS: never };
const untilOptions = { timeout: 20_000, interval: 50 };

let fixture: AuthorizationFixture;
let redis: RedisConnections;
let queue: PolicyQueue;
beforeAll(async () => {
  fixture = await openAuthorizationFixture();
  const { log, space, registry } = fixture;
  redis = openRedis({ url: space.redisUrl, name: 'test', whenAway: 'wait', log });
  queue = openPolicyQueue({ redis, prefix: space.redisPrefix, log, metrics: createPolicyQueueMetrics(registry) });
});
afterAll(async () => {
  await queue.close();
  await redis.close();
  await fixture.close();
});
beforeEach(() => fixture.reset());

/** Until a policy permits all that is asked of it to somebody. */
async function untilAnswered(...resources: string[]): Promise<void> {
  for (const one of resources) {
    await expect
      .poll(async () => Object.values(await fixture.answers(one)).every((permits) => permits?.length), untilOptions)
      .toBe(true);
  }
}

const holders = async () => (await fixture.answers(permit))['read main']?.map(({ subjects }) => subjects.join()).sort();
const toAccountants = (xml: string) => xml.replace('>dagl<', '>regna<');

describe('an authorization-worker', () => {
  it('answers what is on the queue, also with others, and tells how it stands', async () => {
    await fixture.ask(permit, 'read main', 'write part-a');
    await fixture.ask(report, 'read main');
    const [worker] = await Promise.all([fixture.startWorker(onlyTheQueue), fixture.startWorker(onlyTheQueue)]);
    for (let times = 0; times < 20; times += 1) queue.ask([permit, report]);
    await untilAnswered(permit, report);
    await fixture.ask(permit, 'sign main');
    const metrics = await (await fetch(`${worker.url}/metrics`)).text();
    expect(metrics).toMatch(/^dialog_policy_questions_unanswered\{.*\} 1$/m);
    expect(metrics).toMatch(/^dialog_policy_questions_unanswered_seconds\{.*\} [\d.e-]+$/m);
    expect(metrics).toMatch(/^dialog_policies\{state="confirmed",.*\} 2$/m);
    // However often it was asked for.
    expect(await fixture.policyCalls()).toBe(2);
  });

  it('finds questions whose job was lost, of policies that it knows and of new ones', async () => {
    await fixture.ask(permit, 'read main');
    await fixture.answer(permit);
    await fixture.ask(permit, 'write main');
    await fixture.ask(report, 'read main');
    await fixture.startWorker({ ...onlyTheQueue, QUESTION_SWEEP_MS: '200' });
    await untilAnswered(permit, report);
  });

  it('reads a policy again at once when the registry says that it has changed', async () => {
    await fixture.ask(permit, 'read main');
    await fixture.answer(permit);
    await fixture.spoil({ operation: 'updated-pairs', brokenJson: true, times: 3 });
    await fixture.startWorker({ ...onlyTheQueue, REGISTRY_POLL_MS: '200' });
    const change = () => {
      const subjectUrn = 'urn:altinn:rolecode:regna';
      fixture.announce({ subjectUrn, resourceUrn: permit, updatedAt: new Date().toISOString() });
    };
    fixture.editPolicy('ttd-building-permit', toAccountants);
    change();
    await expect.poll(holders, untilOptions).toContain('urn:altinn:rolecode:regna');
    fixture.editPolicy('ttd-building-permit', (xml) => xml.replace('>regna<', '>lede<'));
    change();
    await expect.poll(holders, untilOptions).toContain('urn:altinn:rolecode:lede');
  });

  it('reads a policy again that nobody said had changed, in time, and one that could not be told, soon', async () => {
    await fixture.ask(permit, 'read main');
    await fixture.answer(permit);
    await fixture.spoil({ status: 500 });
    await fixture.startWorker({ ...onlyTheQueue, POLICY_AGE_MS_MAX: '1500', POLICY_RETRY_MS: '300' });
    fixture.editPolicy('ttd-building-permit', toAccountants);
    await expect.poll(async () => (await fixture.policy(permit)).isConfirmed, untilOptions).toBe(false);
    expect(await holders()).toContain('urn:altinn:rolecode:dagl');
    await fixture.mend();
    await expect.poll(holders, untilOptions).toContain('urn:altinn:rolecode:regna');
  });

  it('leaves what it had in hand to another when it is killed with the registry asked', async () => {
    await fixture.ask(permit, 'read main');
    await fixture.spoil({ delayMs: 60_000, times: 1 });
    const first = await fixture.startWorker(onlyTheQueue);
    queue.ask([permit]);
    await expect.poll(() => fixture.policyCalls(), untilOptions).toBe(1);
    await first.kill();
    await fixture.startWorker(onlyTheQueue);
    await untilAnswered(permit);
  });

  it('leaves all answers as they were when it is killed amid new ones, and another writes them', async () => {
    await fixture.ask(permit, 'read main', 'write main');
    await fixture.answer(permit);
    fixture.editPolicy('ttd-building-permit', toAccountants);
    await fixture.age(700_000);
    const first = await fixture.startWorker(onlyTheQueue);
    await inTransaction(fixture.db, async (trx) => {
      // The worker gets as far as this question.
      await trx.selectFrom('policy_question').selectAll().where('action', '=', 'write').forUpdate().execute();
      queue.ask([permit]);
      const waiting = sql<{ waiting: boolean }>`
        select count(*) > 0 as waiting from pg_locks join pg_stat_activity using (pid)
        where not granted and application_name = 'authorization-worker' and datname = current_database()
      `;
      await expect.poll(async () => (await waiting.execute(trx)).rows[0]?.waiting, untilOptions).toBe(true);
      await first.kill();
    });
    expect(await holders()).toContain('urn:altinn:rolecode:dagl');
    await fixture.startWorker(onlyTheQueue);
    await expect.poll(holders, untilOptions).toContain('urn:altinn:rolecode:regna');
  });

  it('goes on with a Redis that has lost everything', async () => {
    await fixture.startWorker({ ...onlyTheQueue, QUESTION_SWEEP_MS: '200' });
    await fixture.ask(permit, 'read main');
    queue.ask([permit]);
    await untilAnswered(permit);
    for (let times = 0; times < 5; times += 1) {
      await fixture.ask(permit, `write part-${times}`);
      queue.ask([permit]);
      const connection = redis.connectionOf('');
      await connection.del(...(await connection.keys(`${fixture.space.redisPrefix}:*`)));
      await untilAnswered(permit);
    }
  });
});

describe('questions of dialogs that nobody has asked', () => {
  const endpoint = {
    ...{ id: null, version: null, url: 'https://example.com/api', httpMethod: 'POST' as const, documentationUrl: null },
    ...{ requestSchema: null, responseSchema: null, deprecated: false, sunsetAt: null },
  };
  const action = (name: string, authorizationAttribute: string | null = null) => {
    return { id: null, action: name, authorizationAttribute, name: null, endpoints: [endpoint] };
  };

  /** Without questions, as a worker of an older version has left it. */
  async function storeDialog(body: Partial<CreateDialogBody>): Promise<string> {
    const dialogId = uuidv7();
    const outcome = createDialog(emptyState(), examples.createDialog(body, { dialogId }), {
      ...examples.contextAt(),
      newId: uuidv7,
    });
    if (outcome.kind !== 'applied' || outcome.changes[0] === undefined) throw new Error(JSON.stringify(outcome));
    const [change] = outcome.changes;
    await dialogs.insert(fixture.db, [change.dialog]);
    await transmissions.insert(fixture.db, change.transmissions);
    return dialogId;
  }

  async function asked(): Promise<string[]> {
    const rows = await fixture.db.selectFrom('policy_question').selectAll().execute();
    return rows
      .map(
        ({ service_resource, action: name, attribute }) => `${service_resource.split(':').at(-1)} ${name} ${attribute}`,
      )
      .sort();
  }

  it('are found by looking through all dialogs and transmissions, over and over', async () => {
    const part = (authorizationAttribute: string | null) => examples.transmissionBody({ authorizationAttribute });
    for (let index = 0; index < 5; index += 1) await storeDialog({ apiActions: [action(`act-${index % 2}`)] });
    await storeDialog({ serviceResource: report });
    await storeDialog({
      apiActions: [action('write', 'part-a'), action('write')],
      transmissions: [part('part-b'), part(null), part(`${report}`), part('part-c')],
    });
    const expected = [
      'ttd-building-permit act-0 main',
      'ttd-building-permit act-1 main',
      'ttd-building-permit read main',
      'ttd-building-permit transmissionread part-b',
      'ttd-building-permit transmissionread part-c',
      'ttd-building-permit write main',
      'ttd-building-permit write part-a',
      'ttd-catch-report read main',
      `ttd-catch-report read ${report}`,
    ];
    const sweeping = { DIALOG_SWEEP_PAUSE_MS: '10', DIALOG_SWEEP_ROWS_MAX: '2', DIALOG_SWEEP_REST_MS: '500' };
    const { url } = await fixture.startWorker({ ...onlyTheQueue, ...sweeping });
    await expect.poll(asked, untilOptions).toEqual(expected);
    await untilAnswered(report);
    await storeDialog({ apiActions: [action('pay')] });
    await expect.poll(asked, untilOptions).toContain('ttd-building-permit pay main');
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const found = metrics.matchAll(/^dialog_policy_sweep_questions_total\{.*\} (\d+)$/gm);
    expect([...found].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(expected.length + 1);
    expect(metrics).toMatch(/^dialog_policy_sweep_finished_seconds\{round="dialogs",.*\} [\d.e-]+$/m);
  });
});
