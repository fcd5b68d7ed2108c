import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '@dialog/local/database';
import { z } from 'zod';
import type { BenchStack } from '../bench-stack.ts';
import { busyParty, endUsers } from '../bench-world.ts';
import { p95Of } from '../measure-pages.ts';
import { median } from '../statistics.ts';
import type { Bench } from './row.ts';

const warmUps = 20;
const ownersPath = '/api/v1/serviceowner/dialogs';
const readersPath = '/api/v1/enduser/dialogs';

/** Of the size of a service's form: some actions, and a part that not everybody may read. */
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };
const actions = ['read', 'write', 'sign', 'delete'];
const example = {
  ...{ serviceResource: 'urn:altinn:resource:ttd-building-permit', party: busyParty, content },
  guiActions: actions.map((action) => ({
    ...{ action, url: `https://ttd.example/${action}`, priority: 'Tertiary' },
    title: [{ languageCode: 'nb', value: action }],
  })),
  transmissions: ['urn:altinn:subresource:neighbours', undefined].map((authorizationAttribute) => ({
    ...{ type: 'Information', sender: { actorType: 'ServiceOwner' }, content, authorizationAttribute },
  })),
};

/**
 * The second visit of a person to dialogs, one at a time: through a gateway that knows what the policies say, and through
 * one that knows none of it and asks the decision point, of which it has no answer yet. The decision point is the
 * emulator's, on this machine: a real one is a network away.
 */
export const details: Bench = {
  name: 'details',
  long: true,
  about: 'a dialog opened by an end user for the second time: policies known, and decision point asked',
  async run(stack, { pages }, say) {
    const owner = await tokenOf(stack, 'org=ttd');
    const reader = await tokenOf(stack, `pid=${endUsers.manager}`);
    const ids: string[] = [];
    for (let count = 0; count < warmUps + pages; count += 1) ids.push(await create(stack, owner));
    await untilAnswered(stack);
    for (const id of ids) await open(stack.gatewayUrl, id, reader);

    const [ours, theirs] = [
      { ms: [] as number[], calls: 0 },
      { ms: [] as number[], calls: 0 },
    ];
    const sides = [
      { side: ours, url: stack.gatewayUrl },
      { side: theirs, url: stack.baselineUrl },
    ];
    for (const id of ids) {
      for (const { side, url } of sides) {
        const before = await decisionPointCalls(stack);
        const startedAt = performance.now();
        await open(url, id, reader);
        side.ms.push(performance.now() - startedAt);
        side.calls += (await decisionPointCalls(stack)) - before;
      }
    }
    // A figure counts only if it is of what it says.
    if (ours.calls !== 0 || theirs.calls !== ids.length) {
      throw new Error(`The decision point was asked ${ours.calls} and ${theirs.calls} times for ${ids.length} reads.`);
    }
    for (const { side } of sides) side.ms.splice(0, warmUps);
    const [p50, asked] = [median(ours.ms), median(theirs.ms)];
    say(`policies known: p50 ${p50.toFixed(1)} ms, decision point asked: p50 ${asked.toFixed(1)} ms`);
    return [
      {
        name: 'details, second visit, policies known',
        figure: `p50 ${p50.toFixed(1)} ms, p95 ${p95Of(ours.ms).toFixed(1)} ms, no call`,
        baseline: `p50 ${asked.toFixed(1)} ms, p95 ${p95Of(theirs.ms).toFixed(1)} ms, decision point on this machine, not cached`,
        ...{ ratio: p50 / asked, goal: '<= 0.8 x', met: p50 / asked <= 0.8 },
        samples: { knownMs: ours.ms, askedMs: theirs.ms },
      },
    ];
  },
};

async function tokenOf({ emulatorUrl }: BenchStack, query: string): Promise<string> {
  const minted = await fetch(`${emulatorUrl}/emulator/token?${query}&ttl=7200`);
  return minted.text();
}

async function create({ gatewayUrl }: BenchStack, token: string): Promise<string> {
  const answer = await fetch(`${gatewayUrl}${ownersPath}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(example),
  });
  if (answer.status !== 201) throw new Error(`Not created: ${answer.status} ${await answer.text()}`);
  return z.string().parse(await answer.json());
}

/** The authorization-worker has read the policies. */
async function untilAnswered({ database }: BenchStack): Promise<void> {
  await withClient(database.owner, async (client) => {
    for (;;) {
      const { rows } = await client.query('select from policy_question where policy_version is null limit 1');
      if (rows.length === 0) return;
      await delay(50);
    }
  });
}

async function open(gatewayUrl: string, id: string, token: string): Promise<void> {
  const answer = await fetch(`${gatewayUrl}${readersPath}/${id}`, { headers: { Authorization: `Bearer ${token}` } });
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`Not opened: ${answer.status} ${body}`);
}

async function decisionPointCalls({ emulatorUrl }: BenchStack): Promise<number> {
  const counts = await (await fetch(`${emulatorUrl}/emulator/calls`)).json();
  return z.looseObject({ 'decision-point': z.number().default(0) }).parse(counts)['decision-point'];
}
