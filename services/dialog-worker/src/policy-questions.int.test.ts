import type { ApiActionBody } from '@dialog/contracts/api-action';
import type { Command } from '@dialog/contracts/commands';
import type { Database } from '@dialog/database/open';
import * as policyQuestions from '@dialog/database/tables/policy-questions';
import { inTransaction } from '@dialog/database/transaction';
import * as examples from '@dialog/domain/testing/examples';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { applyEnvelope } from './apply-envelope.ts';
import { createKnownQuestions } from './raised-questions.ts';
import { openWorkerFixture, type WorkerFixture } from './testing/worker-fixture.ts';

let fixture: WorkerFixture;
let db: Database;
/** A worker that has just started: it knows of no question yet. */
let worker: WorkerFixture['deps'];

beforeAll(async () => {
  fixture = await openWorkerFixture();
  db = fixture.db;
});
afterAll(() => fixture.close());
beforeEach(async () => {
  await db.deleteFrom('policy_question').execute();
  worker = newWorker();
});

function newWorker() {
  return { ...fixture.deps, knownQuestions: createKnownQuestions(100) };
}

/** @returns the questions that nobody had asked before */
async function apply(commands: Command[], { lane = 0, deps = worker } = {}): Promise<string[]> {
  const own = commands.map((command) => fixture.on(command.dialogId, command));
  const { operations, newQuestions } = await applyEnvelope(deps, fixture.envelopeOf(lane, own));
  expect(operations.map(({ status }) => status)).toEqual(commands.map(() => 'Applied'));
  return newQuestions.map(named).sort();
}

async function stored(): Promise<string[]> {
  const rows = await db.selectFrom('policy_question').selectAll().execute();
  expect(rows.every((row) => row.policy_version === null)).toBe(true);
  return rows.map((row) => named({ ...row, serviceResource: row.service_resource })).sort();
}

function named({ serviceResource, action, attribute }: Record<'serviceResource' | 'action' | 'attribute', string>) {
  return `${serviceResource.replace('urn:altinn:resource:', '')} ${action} ${attribute}`;
}

const endpoint = {
  ...{ id: null, version: null, url: 'https://example.com/api', httpMethod: 'POST' as const, documentationUrl: null },
  ...{ requestSchema: null, responseSchema: null, deprecated: false, sunsetAt: null },
};

function action(name: string, authorizationAttribute: string | null = null): ApiActionBody {
  return { id: null, action: name, authorizationAttribute, name: null, endpoints: [endpoint] };
}

const creation = (apiActions: ApiActionBody[] = []) => examples.createDialog({ apiActions }, { dialogId: uuidv7() });

describe('questions to policies', () => {
  it('are raised by a new dialog, its actions and its transmissions, each once for all dialogs', async () => {
    const transmissions = ['part-b', 'urn:altinn:resource:TTD-catch-report', null].map((authorizationAttribute) =>
      examples.transmissionBody({ authorizationAttribute }),
    );
    const full = examples.createDialog(
      { apiActions: [action('write'), action('sign', 'part-a')], transmissions },
      { dialogId: uuidv7() },
    );
    const raised = [
      'ttd-building-permit read main',
      'ttd-building-permit sign part-a',
      'ttd-building-permit transmissionread part-b',
      'ttd-building-permit write main',
      'ttd-catch-report read urn:altinn:resource:TTD-catch-report',
    ];
    expect(await apply([creation(), full, creation([action('write')])])).toEqual(raised);
    expect(await stored()).toEqual(raised);
    expect(await apply([{ ...full, dialogId: uuidv7() }], { lane: 1, deps: newWorker() })).toEqual([]);
    expect(await stored()).toEqual(raised);
  });

  it('are raised by changed actions and by transmissions that are added or corrected, and by nothing else', async () => {
    const dialog = creation([action('write')]);
    const { dialogId } = dialog;
    const transmissionId = uuidv7();
    await apply([dialog]);
    const op = (path: string, value: object | string) =>
      examples.patchDialog([{ op: 'add', path, value }], { dialogId });
    const changes: [Command, string[]][] = [
      [examples.createActivity({}, { dialogId }), []],
      [op('/externalReference', 'case-1'), []],
      [
        op('/apiActions/-', { action: 'pay', endpoints: [{ url: 'https://example.com', httpMethod: 'POST' }] }),
        ['pay main'],
      ],
      [examples.updateDialog({ apiActions: [action('sign', 'part-a')] }, { dialogId }), ['sign part-a']],
      [examples.createTransmission({ id: transmissionId }, { dialogId }), []],
      [examples.createTransmission({ authorizationAttribute: 'part-b' }, { dialogId }), ['transmissionread part-b']],
      [
        examples.updateTransmission(transmissionId, { authorizationAttribute: 'part-c' }, { dialogId }),
        ['transmissionread part-c'],
      ],
      [examples.purgeDialog({ dialogId }), []],
    ];
    for (const [change, raised] of changes) {
      expect(await apply([change])).toEqual(raised.map((question) => `ttd-building-permit ${question}`));
    }
  });

  it('cost a worker that knows them no statement', async () => {
    await apply([creation()]);
    await db.deleteFrom('policy_question').execute();
    expect(await apply([creation()])).toEqual([]);
    expect(await stored()).toEqual([]);
    expect(await apply([creation()], { deps: newWorker() })).toEqual(['ttd-building-permit read main']);
  });

  it('are not known from a transaction that was rolled back', async () => {
    // Postgres has no jsonb form for NUL; the gateway refuses it, so such a payload can only come past it.
    const poison = examples.createDialog({ externalReference: 'a\u0000b' });
    const command = fixture.on(uuidv7(), poison);
    const { operations } = await applyEnvelope(worker, fixture.envelopeOf(0, [command]));
    expect(operations.map(({ status }) => status)).toEqual(['Failed']);
    expect(await stored()).toEqual([]);
    expect(await apply([creation()])).toEqual(['ttd-building-permit read main']);
  });

  it('that several lanes raise at once, in whatever order, are stored by one of them each', async () => {
    const questions = Array.from({ length: 3_000 }, (_, index) => {
      return { serviceResource: 'urn:altinn:resource:ttd-report', action: `action-${index}`, attribute: 'main' };
    });
    const lanes = [questions, questions.toReversed(), questions, questions.toReversed()];
    const stored = await Promise.all(
      lanes.map((raised) => inTransaction(db, (trx) => policyQuestions.insert(trx, raised))),
    );
    expect(stored.flat()).toHaveLength(questions.length);
  });
});
