import * as policyQuestions from '@dialog/database/tables/policy-questions';
import { inTransaction } from '@dialog/database/transaction';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuthorizationFixture, openAuthorizationFixture, resource } from './testing/authorization-fixture.ts';

const permit = resource('ttd-building-permit');
const report = resource('ttd-catch-report');
const holder = (...subjects: string[]) => ({ subjects, certain: true });
const chief = holder('urn:altinn:rolecode:dagl');
const person = holder('urn:altinn:rolecode:priv');
const accountant = holder('urn:altinn:rolecode:regna');
const either = expect.arrayContaining([chief, person]);

let fixture: AuthorizationFixture;
beforeAll(async () => {
  fixture = await openAuthorizationFixture();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.reset());

describe('the questions to a policy', () => {
  it('are answered with whom it permits each, from a document that is read once', async () => {
    await fixture.ask(permit, 'read main', 'write part-a', 'sign main');
    await fixture.ask(report, 'transmissionread basis');
    await fixture.answer(permit);
    expect(await fixture.answers(permit)).toEqual({
      'read main': either,
      'sign main': [],
      'write part-a': either,
    });
    expect(await fixture.answers(report)).toEqual({ 'transmissionread basis': null });

    await fixture.ask(permit, 'delete main', 'write main');
    await fixture.answer(permit);
    expect(await fixture.answers(permit)).toMatchObject({ 'delete main': [], 'write main': either });
    expect(await fixture.policyCalls()).toBe(1);
    await fixture.answer(report);
    expect(await fixture.answers(report)).toEqual({ 'transmissionread basis': [accountant] });
    expect(await fixture.policy(permit)).toMatchObject({ minimum_level: 3, fault: null, isConfirmed: true });
  });

  it('may be more than are answered at a time', async () => {
    const many = Array.from({ length: 2_500 }, (_, index) => `read part-${index}`);
    await fixture.ask(permit, ...many);
    await fixture.answer(permit);
    await fixture.ask(permit, ...many.map((text) => `${text}-new`));
    await fixture.answer(permit);
    fixture.editPolicy('ttd-building-permit', (xml) => xml.replace('>priv<', '>regna<'));
    await fixture.answer(permit, { ageMsMax: 0 });
    const answers = Object.values(await fixture.answers(permit));
    expect(answers).toHaveLength(5_000);
    expect(answers.every((permits) => permits?.some(({ subjects }) => subjects[0]?.endsWith(':regna')))).toBe(true);
  });

  it('are answered by two workers at once as by one', async () => {
    const many = Array.from({ length: 1_500 }, (_, index) => `write part-${index}`);
    for (let round = 0; round < 5; round += 1) {
      await fixture.ask(permit, ...many.map((text) => `${text}-${round}`));
      fixture.editPolicy('ttd-building-permit', (xml) => `${xml}<!-- ${round} -->`);
      await Promise.all(Array.from({ length: 4 }, () => fixture.answer(permit, { ageMsMax: 0 })));
      expect(Object.values(await fixture.answers(permit)).every((permits) => permits !== null)).toBe(true);
    }
  });
});

describe('a policy that is asked for again', () => {
  beforeEach(async () => {
    await fixture.ask(permit, 'read main', 'sign main');
    await fixture.answer(permit);
    await fixture.forgetCalls();
  });

  it('is not before it is due', async () => {
    await fixture.age(599_000);
    await fixture.answer(permit);
    expect(await fixture.policyCalls()).toBe(0);
    await fixture.age(2_000);
    await fixture.answer(permit);
    expect(await fixture.policyCalls()).toBe(1);
    await fixture.answer(permit);
    expect(await fixture.policyCalls()).toBe(1);
  });

  it('is confirmed if it is the same, and no answer is touched', async () => {
    const rows = async () => (await sql`select xmin, * from policy_question order by action`.execute(fixture.db)).rows;
    const [answers, before] = [await rows(), await fixture.policy(permit)];
    await fixture.age(700_000);
    await fixture.answer(permit);
    const after = await fixture.policy(permit);
    expect(after).toMatchObject({ version: before.version, isConfirmed: true });
    expect(after.checked_at >= before.checked_at).toBe(true);
    expect(await rows()).toEqual(answers);
  });

  it('has all its questions answered anew, and its level raised, if it is another, in one moment', async () => {
    fixture.editPolicy('ttd-building-permit', (xml) =>
      xml.replace('>read<', '>sign<').replace('>dagl<', '>regna<').replace('>3<', '>4<'),
    );
    const renewing = fixture.answer(permit, { ageMsMax: 0 });
    const seen = new Set<string>();
    let over = false;
    void renewing.finally(() => {
      over = true;
    });
    while (!over) seen.add(JSON.stringify(await fixture.answers(permit)));
    await renewing;
    const answers = await fixture.answers(permit);
    expect(answers).toEqual({
      'read main': [],
      'sign main': expect.arrayContaining([accountant, person]),
    });
    expect([...seen].every((text) => !text.includes('null'))).toBe(true);
    expect(await fixture.policy(permit)).toMatchObject({ minimum_level: 4, isConfirmed: true });
  });

  it('has no answer that counts when it is gone, but still its level, until there is one again', async () => {
    const xml = fixture.readPolicy('ttd-building-permit');
    fixture.removePolicy('ttd-building-permit');
    await fixture.answer(permit, { ageMsMax: 0 });
    const gone = { version: null, document: null, minimum_level: 3, fault: 'The resource has no policy.' };
    expect(await fixture.policy(permit)).toMatchObject(gone);
    await fixture.ask(permit, 'write main');
    await fixture.answer(permit);
    expect(await fixture.answers(permit)).toEqual({ 'read main': null, 'sign main': null, 'write main': null });
    expect(await fixture.policyCalls()).toBe(1);
    fixture.writePolicy('ttd-building-permit', xml);
    await fixture.answer(permit, { ageMsMax: 0 });
    expect(await fixture.answers(permit)).toMatchObject({ 'read main': either, 'write main': either });
    expect(await fixture.policy(permit)).toMatchObject({ fault: null, isConfirmed: true });
  });

  it('has none either when nobody can read it', async () => {
    fixture.editPolicy('ttd-building-permit', (xml) => xml.slice(0, 1_000));
    await fixture.answer(permit, { ageMsMax: 0 });
    expect(await fixture.policy(permit)).toMatchObject({ version: null, minimum_level: 3, fault: expect.any(String) });
    expect(await fixture.answers(permit)).toEqual({ 'read main': null, 'sign main': null });
  });

  it.each([[{ status: 500 }], [{ status: 403 }], [{ reset: true }]])(
    'keeps its answers while the registry is away (%o), grows older, and is asked for again soon',
    async (fault) => {
      await fixture.age(700_000);
      const before = await fixture.policy(permit);
      await fixture.spoil(fault);
      await fixture.ask(permit, 'write main');
      await fixture.answer(permit);
      const { checked_at, ...during } = await fixture.policy(permit);
      expect(during).toMatchObject({ version: before.version, confirmed_at: before.confirmed_at, fault: null });
      expect(checked_at > before.checked_at).toBe(true);
      expect(await fixture.answers(permit)).toMatchObject({ 'read main': either, 'write main': either });
      await fixture.mend();
      await fixture.answer(permit);
      expect(await fixture.policyCalls()).toBe(1);
      await fixture.age(31_000);
      await fixture.answer(permit);
      expect(await fixture.policyCalls()).toBe(2);
      expect(await fixture.policy(permit)).toMatchObject({ isConfirmed: true });
    },
  );

  it('is not asked for where the platform knows of none', async () => {
    const old = resource('se_1234_1');
    await fixture.ask(old, 'read main');
    await fixture.answer(old);
    expect(await fixture.policy(old)).toMatchObject({ version: null, fault: 'The resource has no policy.' });
    expect(await fixture.policyCalls()).toBe(0);
  });

  it('is not replaced by an older one that took longer to come', async () => {
    await fixture.spoil({ delayMs: 700, times: 1 });
    const slow = fixture.answer(permit, { ageMsMax: 0 });
    await expect.poll(() => fixture.policyCalls()).toBe(1);
    fixture.editPolicy('ttd-building-permit', (xml) => `${xml}<!-- newer -->`);
    await fixture.answer(permit, { ageMsMax: 0 });
    const newer = await fixture.policy(permit);
    await slow;
    expect(await fixture.policy(permit)).toEqual(newer);
  });

  it('misses no question that is asked while it is replaced', async () => {
    await inTransaction(fixture.db, async (trx) => {
      await policyQuestions.insert(trx, [{ serviceResource: permit, action: 'write', attribute: 'main' }]);
      fixture.editPolicy('ttd-building-permit', (xml) => `${xml}<!-- newer -->`);
      await fixture.answer(permit, { ageMsMax: 0 });
    });
    expect(await fixture.answers(permit)).toMatchObject({ 'write main': null, 'read main': either });
    await fixture.answer(permit);
    expect(await fixture.answers(permit)).toMatchObject({ 'write main': either });
  });
});
