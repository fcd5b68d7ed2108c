import { subscribe } from '@dialog/client/subscribe';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { createdId, etagOf, type ServiceOwner } from '../constellation/service-owner.ts';
import { buildingPermit } from './building-permit.ts';

let space: TestSpace;
let services: Constellation;
let ttd: ServiceOwner;
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  await services.startAll();
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

const dialogFacts = z.object({
  revision: z.uuid(),
  status: z.string(),
  updatedAt: z.string(),
  contentUpdatedAt: z.string(),
});
type DialogFacts = z.infer<typeof dialogFacts>;

async function read(id: string): Promise<DialogFacts> {
  const answer = await ttd.getDialog(id);
  expect(answer.status).toBe(200);
  const facts = dialogFacts.parse(answer.body);
  expect(etagOf(answer)).toBe(facts.revision);
  return facts;
}

// The steps of one story: each goes on where the one before has ended.
describe('a service owner with a building permit', () => {
  const permit = buildingPermit();
  const { id } = permit;
  const complete = [{ op: 'replace', path: '/status', value: 'Completed' }];
  let created: DialogFacts;
  let completed: DialogFacts;
  let silent: DialogFacts;
  let withActivity: DialogFacts;
  let activityId: string;
  let transmissionId: string;

  it('creates the dialog with all its parts', async () => {
    const answer = await ttd.createDialog(permit);
    expect(createdId(answer)).toBe(id);
    expect(answer.headers.get('location')).toBe(`/api/v1/serviceowner/dialogs/${id}`);
    created = await read(id);
    expect(etagOf(answer)).toBe(created.revision);
  });

  it('gets it back identical', async () => {
    const { body } = await ttd.getDialog(id);
    const [submission, assignment] = permit.activities;
    expect(body).toMatchObject({
      ...permit,
      // With the name that the register knows, surname first.
      activities: [
        { ...submission, performedBy: { ...submission?.performedBy, actorName: 'Fisker Kari Anne' } },
        assignment,
      ],
    });
    expect(body).toMatchObject({
      org: 'ttd',
      serviceResourceType: 'genericaccessresource',
      systemLabel: 'Default',
      isApiOnly: false,
      hasUnopenedContent: true,
      isContentSeen: false,
      fromServiceOwnerTransmissionsCount: 1,
      fromPartyTransmissionsCount: 0,
      transmissions: [{ isOpened: false }],
      endUserContext: { systemLabels: ['Default'] },
    });
    expect((await ttd.getDialog(id)).body).toEqual(body);
  });

  it('sets its status to Completed: revision, updatedAt and contentUpdatedAt change', async () => {
    const answer = await ttd.patchDialog(id, complete, { 'If-Match': `"${created.revision}"` });
    expect(answer.status).toBe(204);
    completed = await read(id);
    expect(etagOf(answer)).toBe(completed.revision);
    expect(completed.status).toBe('Completed');
    expect(completed.revision).not.toBe(created.revision);
    expect(completed.updatedAt > created.updatedAt).toBe(true);
    expect(completed.contentUpdatedAt).toBe(completed.updatedAt);
  });

  it('is told 412 when it sends that again with the old ETag, and nothing changes', async () => {
    const answer = await ttd.patchDialog(id, complete, { 'If-Match': created.revision });
    expect(answer).toMatchObject({ status: 412, body: { status: 412, title: 'Precondition failed.' } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await read(id)).toEqual(completed);
  });

  it('changes the title silently: a new revision, and neither timestamp moves', async () => {
    const patch = [{ op: 'replace', path: '/content/title/value/0/value', value: 'Building permit, boathouse' }];
    const answer = await ttd.send('PATCH', `/api/v1/serviceowner/dialogs/${id}?isSilentUpdate=true`, patch, {
      'Content-Type': 'application/json-patch+json',
    });
    expect(answer.status).toBe(204);
    silent = await read(id);
    expect(silent.revision).not.toBe(completed.revision);
    expect(silent).toEqual({ ...completed, revision: silent.revision });
    const { body } = await ttd.getDialog(id);
    expect(body).toMatchObject({ content: { title: { value: [{ value: 'Building permit, boathouse' }, {}, {}] } } });
  });

  it('adds an activity: only updatedAt moves', async () => {
    const activity = { type: 'PaymentMade', performedBy: { actorType: 'PartyRepresentative', actorName: 'Kari' } };
    activityId = createdId(await ttd.createActivity(id, activity));
    withActivity = await read(id);
    expect(withActivity.updatedAt > silent.updatedAt).toBe(true);
    expect(withActivity.contentUpdatedAt).toBe(silent.contentUpdatedAt);
    const path = `/api/v1/serviceowner/dialogs/${id}/activities/${activityId}`;
    expect(await ttd.send('GET', path)).toMatchObject({ status: 200, body: { id: activityId, ...activity } });
  });

  it('adds a transmission: both timestamps move', async () => {
    const transmission = {
      type: 'Decision',
      sender: { actorType: 'ServiceOwner' },
      content: { title: { mediaType: 'text/plain', value: [{ languageCode: 'nb', value: 'Tillatelse gitt' }] } },
      attachments: [
        {
          displayName: [{ languageCode: 'nb', value: 'Vedtak' }],
          urls: [
            { url: 'https://ttd.example/permits/118/decision.pdf', mediaType: 'application/pdf', consumerType: 'Gui' },
          ],
        },
      ],
    };
    transmissionId = createdId(await ttd.createTransmission(id, transmission));
    const withTransmission = await read(id);
    expect(withTransmission.updatedAt > withActivity.updatedAt).toBe(true);
    expect(withTransmission.contentUpdatedAt).toBe(withTransmission.updatedAt);
    const path = `/api/v1/serviceowner/dialogs/${id}/transmissions/${transmissionId}`;
    expect(await ttd.send('GET', path)).toMatchObject({ status: 200, body: { id: transmissionId, ...transmission } });
  });

  it('opens it for the manager of the party: tells what she may do, and that she has seen it', async () => {
    const kari = 'urn:altinn:person:identifier-no:01817030080';
    const before = await read(id);
    const answer = await ttd.send('GET', `/api/v1/serviceowner/dialogs/${id}?endUserId=${kari}`);
    const visit = {
      seenBy: { actorType: 'PartyRepresentative', actorId: kari, actorName: 'Fisker Kari Anne' },
      ...{ isViaServiceOwner: true, isCurrentEndUser: true },
    };
    expect(answer).toMatchObject({
      status: 200,
      body: {
        ...before,
        content: { mainContentReference: { isAuthorized: true } },
        guiActions: [
          { action: 'write', isAuthorized: true },
          { action: 'delete', isAuthorized: false, url: 'https://ttd.example/permits/118' },
        ],
        apiActions: [{ action: 'write', isAuthorized: true }],
        transmissions: [{ isAuthorized: true }, { isAuthorized: true }],
        isContentSeen: true,
        seenSinceLastUpdate: [visit],
        seenSinceLastContentUpdate: [visit],
      },
    });
    expect(await read(id)).toEqual(before);
    const stranger = 'urn:altinn:person:identifier-no:05826510058';
    expect((await ttd.send('GET', `/api/v1/serviceowner/dialogs/${id}?endUserId=${stranger}`)).status).toBe(404);
  });

  it('subscribes, and gets exactly the changes that were not silent, in order', async () => {
    const [transmission] = permit.transmissions;
    const [submission, assignment] = permit.activities;
    const source = `${services.gatewayUrl}/api/v1/enduser/dialogs/${id}`;
    const process = { process: permit.process, precedingProcess: permit.precedingProcess };
    const updated = { type: 'dialogporten.dialog.updated.v1', source, data: process };
    const expected = [
      { type: 'dialogporten.dialog.created.v1', source, data: process },
      {
        type: 'dialogporten.dialog.transmission.created.v1',
        source: `${source}/transmissions/${transmission?.id}`,
        data: { ...process, senderType: 'ServiceOwner' },
      },
      {
        type: 'dialogporten.dialog.activity.form-submitted.v1',
        source: `${source}/activities/${submission?.id}`,
        data: { ...process, activityId: submission?.id },
      },
      {
        type: 'dialogporten.dialog.activity.information.v1',
        source: `${source}/activities/${assignment?.id}`,
        data: { ...process, activityId: assignment?.id, extendedActivityType: assignment?.extendedType },
      },
      // Completed; then nothing, for the 412 and for the silent change.
      updated,
      updated,
      {
        type: 'dialogporten.dialog.activity.payment-made.v1',
        source: `${source}/activities/${activityId}`,
        data: { ...process, activityId },
      },
      updated,
      {
        type: 'dialogporten.dialog.transmission.created.v1',
        source: `${source}/transmissions/${transmissionId}`,
        data: { ...process, senderType: 'ServiceOwner' },
      },
      updated,
      { type: 'dialogporten.dialog.seen.v1', source, data: process },
    ].map((event) => ({
      specversion: '1.0',
      resource: permit.serviceResource,
      resourceinstance: id,
      subject: permit.party,
      ...event,
    }));

    // A change behind which nothing else can come any more.
    expect((await ttd.patchDialog(id, [{ op: 'replace', path: '/progress', value: 100 }])).status).toBe(204);
    const received: unknown[] = [];
    const token = () => services.token({ org: 'ttd' });
    for await (const { event, ack } of subscribe({
      ...{ url: services.gatewayUrl, token, name: 'permits', from: { sequence: 1 } },
    })) {
      received.push(event);
      await ack();
      if (received.length > expected.length) break;
    }
    expect(received).toMatchObject([...expected, updated]);

    const times = received.map((event) => z.object({ time: z.string() }).parse(event).time);
    expect(times).toEqual(times.toSorted());
    expect(times[4]).toBe(completed.updatedAt);
  });
});
