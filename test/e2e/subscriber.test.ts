import { type EventSubscription, type ReceivedEvent, type SubscribeOptions, subscribe } from '@dialog/client/subscribe';
import type { DialogCloudEvent } from '@dialog/contracts/cloud-event';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { createdId, numberedActivity, type ServiceOwner, smallDialog } from '../constellation/service-owner.ts';

/** Credentials so short that a test sees some renewals; what is not confirmed at all soon stops everything. */
const settings = { SUBSCRIBER_CREDENTIALS_MS: '4000', SUBSCRIBER_UNCONFIRMED_MAX: '2' };
const borgefisk = 'urn:altinn:organization:identifier-no:313007103';
const kari = { pid: '01817030080' };
/** Of the activities in these tests. */
const savedForm = 'dialogporten.dialog.activity.form-saved.v1' as const;

let space: TestSpace;
let services: Constellation;
let ttd: ServiceOwner;
let gateway: Awaited<ReturnType<Constellation['startGateway']>>;
let relay: Awaited<ReturnType<Constellation['startRelay']>>;

beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  ({ gateway, relay } = await services.startAll(settings));
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

function subscribeAs(
  user: Record<string, string>,
  options: Pick<SubscribeOptions, 'name'> & Partial<SubscribeOptions>,
) {
  return subscribe({ url: services.gatewayUrl, token: () => services.token(user), ...options });
}

async function create(more: object = {}): Promise<string> {
  return createdId(await ttd.createDialog(smallDialog(more)));
}

/** Adds an activity: events of one dialog are in order, those of several are not. */
async function act(dialog: string): Promise<string> {
  return createdId(await ttd.createActivity(dialog, numberedActivity('ttd', 1)));
}

/** Of the activities of a dialog, from now on. */
function activitiesOf(dialogId: string) {
  const filter = { type: savedForm, dialogId };
  return { from: { time: new Date().toISOString() }, filter };
}

function idIn(event: DialogCloudEvent): string {
  return event.data !== undefined && 'activityId' in event.data ? event.data.activityId : event.resourceinstance;
}

/** What the next events are about, confirmed or not. The subscription stays open. */
async function next(
  events: AsyncIterator<ReceivedEvent>,
  count: number,
  { confirm }: { confirm: boolean } = { confirm: true },
): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const { value, done } = await events.next();
    if (done === true) throw new Error('The subscription has ended.');
    ids.push(idIn(value.event));
    if (confirm) await value.ack();
  }
  return ids;
}

function iterate(events: EventSubscription): AsyncIterator<ReceivedEvent> {
  return events[Symbol.asyncIterator]();
}

describe('a subscriber', () => {
  it('misses nothing, gets nothing twice and all in order, while its credentials are renewed', async () => {
    const dialog = await create();
    let tokens = 0;
    const token = () => {
      tokens += 1;
      return services.token({ org: 'ttd' });
    };
    const events = subscribeAs({}, { name: 'renewing', token, ...activitiesOf(dialog) });
    const acted: string[] = [];
    const acting = (async () => {
      while (tokens < 4) acted.push(await act(dialog));
    })();
    const iterator = iterate(events);
    const received: string[] = [];
    while (tokens < 4) received.push(...(await next(iterator, 1)));
    await acting;
    received.push(...(await next(iterator, acted.length - received.length)));
    expect(received).toEqual(acted);
    await events.close();
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });

  it('goes on after a restart where it was: with what was not confirmed, and not with what was', async () => {
    const dialog = await create();
    const options = { name: 'restarting', ...activitiesOf(dialog) };
    const acted = [await act(dialog), await act(dialog), await act(dialog)];
    const first = subscribeAs({ org: 'ttd' }, options);
    const iterator = iterate(first);
    expect(await next(iterator, 2)).toEqual(acted.slice(0, 2));
    expect(await next(iterator, 1, { confirm: false })).toEqual(acted.slice(2));
    await first.close();
    acted.push(await act(dialog));

    const received: [string, boolean][] = [];
    for await (const { event, redelivered, ack } of subscribeAs({ org: 'ttd' }, options)) {
      received.push([idIn(event), redelivered]);
      await ack();
      if (received.length === 2) break;
    }
    expect(received).toEqual([
      [acted[2], true],
      [acted[3], false],
    ]);
  });

  it('confirms before it closes what nobody has waited for', async () => {
    const dialog = await create();
    const options = { name: 'hasty', ...activitiesOf(dialog) };
    const acted = [await act(dialog), await act(dialog)];
    for await (const { event, ack } of subscribeAs({ org: 'ttd' }, options)) {
      if (idIn(event) === acted[1]) break;
      void ack();
    }
    const again = subscribeAs({ org: 'ttd' }, options);
    expect(await next(iterate(again), 1)).toEqual(acted.slice(1));
    await again.close();
  });

  it('replays from a sequence, and filters by service, type and dialog', async () => {
    const since = { time: new Date().toISOString() };
    const dialog = await create();
    const activity = await act(dialog);
    const other = await create({ serviceResource: 'urn:altinn:resource:ttd-catch-report' });
    const seen = new Map<string, number>();
    for await (const { event, sequence, ack } of subscribeAs({ org: 'ttd' }, { name: 'all', from: since })) {
      void ack();
      seen.set(idIn(event), sequence);
      if (seen.has(activity) && seen.has(other)) break;
    }
    const from = { sequence: seen.get(activity) ?? 0 };
    const replayed = subscribeAs({ org: 'ttd' }, { name: 'replay', from, filter: { dialogId: dialog } });
    expect(await next(iterate(replayed), 1)).toEqual([activity]);
    await replayed.close();

    const filters: [NonNullable<SubscribeOptions['filter']>, string[]][] = [
      [{ dialogId: dialog }, [dialog, dialog, activity]],
      [{ type: savedForm }, [activity]],
      [{ serviceResource: 'urn:altinn:resource:ttd-catch-report' }, [other]],
      [{ type: [savedForm, 'dialogporten.dialog.seen.v1'] }, [activity]],
      [{ dialogId: [dialog, other], type: ['dialogporten.dialog.created.v1', savedForm] }, [dialog, activity, other]],
    ];
    for (const [index, [filter, expected]] of filters.entries()) {
      const filtered = subscribeAs({ org: 'ttd' }, { name: `filter-${index}`, from: since, filter });
      // Those of several dialogs come in any order.
      expect((await next(iterate(filtered), expected.length)).toSorted()).toEqual(expected.toSorted());
      await filtered.close();
    }
  });

  it('as an end user gets the events of the party, and of a service that the party begins to use', async () => {
    await create({ party: borgefisk });
    const iterator = iterate(subscribeAs(kari, { name: 'inbox', party: borgefisk }));
    let began = false;
    const first = next(iterator, 1).finally(() => {
      began = true;
    });
    const permits: string[] = [];
    while (!began) permits.push(await create({ party: borgefisk }));
    expect(permits).toContain((await first)[0]);
    // Before the next renewal nobody listens for this service. What happens until then must not be lost.
    const report = await create({ party: borgefisk, serviceResource: 'urn:altinn:resource:ttd-catch-report' });
    const received: string[] = [];
    while (!received.includes(report)) received.push(...(await next(iterator, 1)));
    await iterator.return?.();
  });

  it('waits out an outage of gateway and relay that is longer than its credentials', async () => {
    const interruptions: unknown[] = [];
    const onInterruption = (err: unknown) => void interruptions.push(err);
    const dialog = await create();
    const events = subscribeAs({ org: 'ttd' }, { name: 'outage', ...activitiesOf(dialog), onInterruption });
    const iterator = iterate(events);
    const acted = [await act(dialog), await act(dialog)];
    expect(await next(iterator, 1)).toEqual(acted.slice(0, 1));
    const { value } = await iterator.next();
    await relay.kill();
    // Nobody is there to take it.
    const confirmed = value.ack();
    await gateway.stop();
    await expect.poll(() => interruptions.length, { timeout: 20_000 }).toBeGreaterThan(2);
    gateway = await services.startGateway(settings);
    relay = await services.startRelay(settings);
    await confirmed;
    acted.push(await act(dialog));
    expect(await next(iterator, 1)).toEqual(acted.slice(2));
    await events.close();
  });

  it('is told when it is refused', async () => {
    const stranger = subscribeAs(kari, { name: 'inbox', party: 'urn:altinn:organization:identifier-no:313007308' });
    await expect(iterate(stranger).next()).rejects.toMatchObject({ name: 'SubscriptionRefused', status: 403 });
    const nameless = subscribeAs({ org: 'ttd' }, { name: '' });
    await expect(iterate(nameless).next()).rejects.toMatchObject({ status: 400 });
  });
});
