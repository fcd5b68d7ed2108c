import { createLogger } from '@dialog/telemetry/logger';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UpstreamFailure } from '../upstream-failure.ts';
import { createAuthorisedParties } from './authorised-parties.ts';
import { createDecisionPoint } from './decision-point.ts';
import type { PlatformCall } from './platform-call.ts';
import { createRepresentedParties } from './represented-parties.ts';

const log = createLogger('test', 'silent');
const minuteMs = 60_000;
const kari = 'urn:altinn:person:identifier-no:01817030080';
const byEmail = 'urn:altinn:person:idporten-email:kari@example.com';
const systemUser = 'urn:altinn:systemuser:uuid:5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c';
const unit = {
  ...{ name: 'Kari', organizationNumber: null, personId: '01817030080', type: 'Person', partyId: 1, partyUuid: 'u' },
  ...{ isDeleted: false, onlyHierarchyElementWithNoAccess: false, subunits: [] },
  ...{ authorizedRoles: [], authorizedResources: [], authorizedAccessPackages: [], authorizedInstances: [] },
};
const lowerCased = Object.fromEntries(Object.entries(unit).map(([name, value]) => [name.toLowerCase(), value]));

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

/** The platform, as long as it is there, and how often it was asked. */
function platform(answer: unknown) {
  const state = { calls: 0, isAway: false };
  const call: PlatformCall = async (operation, _path, _body, schema) => {
    state.calls += 1;
    if (state.isAway) throw new UpstreamFailure(operation, 'away');
    return schema.parse(answer);
  };
  return { state, call };
}

const request = {
  Request: { AccessSubject: [], Action: [], Resource: [], MultiRequests: { RequestReference: [] } },
};

const askers = {
  'whom somebody may act for': (call: PlatformCall) => {
    const ask = createAuthorisedParties({ call, rememberName: () => {}, log });
    return (user = kari) => ask(user, []);
  },
  'whom somebody represents': (call: PlatformCall) => {
    const ask = createRepresentedParties({ call, rememberName: () => {}, log });
    return (user = kari) => ask(user);
  },
  'what somebody may do': (call: PlatformCall) => {
    const ask = createDecisionPoint({ call, log });
    return () => ask(request);
  },
};
const answerTo = (question: string) =>
  question === 'what somebody may do' ? { response: [{ decision: 'Permit' }] } : [lowerCased];

describe.each(Object.entries(askers))('the answer to %s', (question, asker) => {
  it('is kept for 15 minutes, used for up to 30 while the platform is away, and no longer', async () => {
    const { state, call } = platform(answerTo(question));
    const ask = asker(call);
    const first = await ask();
    expect(first).toHaveLength(1);
    vi.advanceTimersByTime(14 * minuteMs);
    await ask();
    expect(state.calls).toBe(1);
    state.isAway = true;
    vi.advanceTimersByTime(6 * minuteMs);
    expect(await ask()).toEqual(first);
    expect(state.calls).toBe(2);
    vi.advanceTimersByTime(11 * minuteMs);
    await expect(ask()).rejects.toThrow(UpstreamFailure);
  });
});

it.each([
  [kari, 1],
  [systemUser, 0],
  [byEmail, 0],
])('a party is asked about by name for %s: %i', async (user, filters) => {
  const bodies: unknown[] = [];
  const call: PlatformCall = async (_operation, _path, body, schema) => {
    bodies.push(JSON.parse(body));
    return schema.parse([lowerCased]);
  };
  await createAuthorisedParties({ call, rememberName: () => {}, log })(user, [kari]);
  const filter = { Type: 'urn:altinn:person:identifier-no', Value: '01817030080' };
  const value = user.slice(user.lastIndexOf(':') + 1);
  expect(bodies).toEqual([{ type: user.slice(0, -value.length - 1), value, partyFilter: Array(filters).fill(filter) }]);
});

it.each(['whom somebody may act for', 'whom somebody represents'] as const)(
  'the answer to %s is not kept of e-mail users, but of system users',
  async (question) => {
    const { state, call } = platform(answerTo(question));
    const ask = askers[question](call);
    await Promise.all([ask(byEmail), ask(byEmail)]);
    expect(state.calls).toBe(1);
    await ask(byEmail);
    expect(state.calls).toBe(2);
    await ask(systemUser);
    await ask(systemUser);
    expect(state.calls).toBe(3);
    state.isAway = true;
    await expect(ask(byEmail)).rejects.toThrow(UpstreamFailure);
  },
);
