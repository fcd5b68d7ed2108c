import { randomUUIDv7 } from 'node:crypto';
import { scopes } from '@dialog/access/service-owner';
import { type Command, command as commandSchema } from '@dialog/contracts/commands';
import { problem } from '@dialog/contracts/problem';
import { activity, transmission } from '@dialog/contracts/testing/bodies';
import { expect, it } from 'vitest';
import { serviceOwnerPath } from '../gateway-app.ts';
import { asServiceOwner, ended, everyScope, exampleApp, json } from '../testing/example-app.ts';

const [dialogId, id] = [randomUUIDv7(), randomUUIDv7()];
const corrected = `${serviceOwnerPath}/dialogs/${dialogId}/transmissions/${id}`;
const moved = `${serviceOwnerPath}/dialogs/${dialogId}/activities/${id}/actions/updateFormSavedActivityTime`;
const kari = 'urn:altinn:person:identifier-no:01817030080';

/** The answer of a gateway to somebody with every scope, and the command that the request became. */
async function ask(path: string, init: RequestInit) {
  const sent: Command[] = [];
  const lanes = {
    wait: async () => undefined,
    submit: async (command: Command) => {
      sent.push(command);
      return ended('Applied', { revision: randomUUIDv7() });
    },
  };
  const answer = await exampleApp({ tokens: everyScope, lanes }).request(path, init);
  return { answer, sent };
}

async function refused(path: string, init: RequestInit) {
  const { answer, sent } = await ask(path, init);
  expect(sent).toEqual([]);
  return [answer.status, ...Object.keys(problem.parse(await answer.json()).errors ?? {}).sort()];
}

it('makes a correction a silent command about the transmission in the path', async () => {
  for (const [query, body] of [
    ['?ISSILENTUPDATE=true', { ...transmission, id: randomUUIDv7() }],
    ['', { ...transmission, isSilentUpdate: true }],
  ] as const) {
    const { answer, sent } = await ask(corrected + query, json('PUT', body));
    expect([answer.status, answer.headers.has('etag')]).toEqual([204, true]);
    expect(sent).toMatchObject([{ kind: 'UpdateTransmission', dialogId, transmissionId: id, silent: true }]);
  }
});

it('puts ids of no version that there is on the lane in a form that workers can read', async () => {
  const odd = '00000000-0000-0000-0000-000000000001';
  for (const [path, init] of [
    [corrected, json('PUT', { ...transmission, isSilentUpdate: true, relatedTransmissionId: odd })],
    [moved, json('POST', '2026-01-01T00:00:00Z')],
  ] as const) {
    const { answer, sent } = await ask(path.replace(dialogId, odd).replace(id, odd), init);
    expect(answer.status).toBe(204);
    expect(commandSchema.parse(sent[0])).toMatchObject({ dialogId: odd });
  }
});

it('wants a scope of its own before it looks at anything else', async () => {
  const answer = await exampleApp().request(`${corrected}x`, json('PUT', {}));
  expect([answer.status, await answer.text()]).toEqual([403, '']);
  expect(answer.headers.get('www-authenticate')).toContain(scopes.changeTransmissions);
});

it('tells everything that is wrong with a correction at once', async () => {
  const headers = { 'If-Match': '*' };
  expect(await refused(`${corrected}x`, json('PUT', transmission, headers))).toEqual([
    400,
    'If-Match',
    'transmissionId',
  ]);
  const { content: _, ...bare } = transmission;
  expect(await refused(corrected, json('PUT', bare))).toEqual([400, 'dto.content', 'isSilentUpdate']);
  expect(await refused(`${corrected}?isSilentUpdate=maybe`, json('PUT', transmission))).toEqual([
    400,
    'isSilentUpdate',
  ]);
});

it('moves an activity for administrators who speak for themselves', async () => {
  const time = json('POST', '2026-01-01T00:00:00Z');
  const { answer, sent } = await ask(moved, time);
  expect(answer.status).toBe(204);
  const createdAt = '2026-01-01T00:00:00.0000000Z';
  expect(sent).toMatchObject([{ kind: 'MoveFormSavedActivity', dialogId, activityId: id, createdAt }]);

  expect(await refused(`${moved}?enduserid=${kari}`, time)).toEqual([403, 'Type']);
  expect(await refused(moved, json('POST', '2099-01-01T00:00:00Z'))).toEqual([400, 'createdAt']);
  expect(await refused(moved, json('POST', activity))).toEqual([400, 'SerializerErrors']);
  // Who it is comes before what is wrong.
  const byOwner = await exampleApp().request(moved, { method: 'POST', headers: asServiceOwner });
  expect(byOwner.status).toBe(403);
});
