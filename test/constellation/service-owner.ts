import { setTimeout as delay } from 'node:timers/promises';
import { type Operation, operation } from '@dialog/contracts/operation';
import { z } from 'zod';

/** What the gateway answered. `body` is parsed if it is JSON, text otherwise, and undefined when there is none. */
export type Answer = { status: number; headers: Headers; body: unknown };

type RequestHeaders = Readonly<Record<string, string>>;

/** A service owner's system: a thin client that hides neither statuses nor headers, for tests look at both. */
export type ServiceOwner = ReturnType<typeof serviceOwner>;

const dialogs = '/api/v1/serviceowner/dialogs';

export const respondAsync = { Prefer: 'respond-async' };

export function serviceOwner(gatewayUrl: string, token: string) {
  async function send(method: string, path: string, body?: unknown, headers: RequestHeaders = {}): Promise<Answer> {
    const response = await fetch(new URL(path, gatewayUrl), {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : isJson ? JSON.parse(text) : text,
    };
  }

  return {
    send,
    createDialog: (body: unknown, headers?: RequestHeaders) => send('POST', dialogs, body, headers),
    getDialog: (id: string) => send('GET', `${dialogs}/${id}`),
    patchDialog: (id: string, patch: unknown, headers?: RequestHeaders) =>
      send('PATCH', `${dialogs}/${id}`, patch, { 'Content-Type': 'application/json-patch+json', ...headers }),
    createActivity: (id: string, body: unknown, headers?: RequestHeaders) =>
      send('POST', `${dialogs}/${id}/activities`, body, headers),
    createTransmission: (id: string, body: unknown, headers?: RequestHeaders) =>
      send('POST', `${dialogs}/${id}/transmissions`, body, headers),
    getOperation: (id: string, headers?: RequestHeaders) =>
      send('GET', `/api/v1/serviceowner/operations/${id}`, undefined, headers),

    /** What the gateway tells of an operation as server-sent events, until it ends the stream. */
    async *streamOperation(id: string): AsyncGenerator<Operation, undefined> {
      const response = await fetch(new URL(`/api/v1/serviceowner/operations/${id}`, gatewayUrl), {
        headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' },
      });
      if (!response.ok || response.body === null) throw new Error(`No stream: ${response.status}`);
      let text = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        const events = (text + chunk).split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const data = event.split('\n').find((line) => line.startsWith('data: '));
          // Comments keep the connection alive and tell nothing.
          if (data !== undefined) yield operation.parse(JSON.parse(data.slice('data: '.length)));
        }
      }
      return undefined;
    },

    /** The operation of a 202, once it has ended. */
    ended: (accepted: Answer, timeoutMs?: number) => operationEnded(operationId(accepted), timeoutMs),
    operationEnded,
  };

  async function operationEnded(id: string, timeoutMs = 30_000): Promise<Operation> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      const answer = await send('GET', `/api/v1/serviceowner/operations/${id}`, undefined, { Prefer: 'wait=5' });
      if (answer.status === 200) {
        const read = operation.parse(answer.body);
        if (read.status !== 'Queued') return read;
      } else {
        // An outage may be part of the test; then this goes on until it is over.
        if (answer.status !== 503) throw new Error(`Operation ${id}: ${answer.status}`);
        await delay(100);
      }
    }
    throw new Error(`Operation ${id} did not end within ${timeoutMs} ms.`);
  }
}

/** The id that a 201 has for its body. */
export function createdId(answer: Answer): string {
  if (answer.status !== 201) throw new Error(`Not created: ${answer.status} ${JSON.stringify(answer.body)}`);
  return z.uuid().parse(answer.body);
}

/** The id of the operation that a 202 has for its body. */
export function operationId(answer: Answer): string {
  if (answer.status !== 202) throw new Error(`Not accepted: ${answer.status} ${JSON.stringify(answer.body)}`);
  return operation.parse(answer.body).id;
}

export function etagOf(answer: Answer): string {
  return z.uuid().parse(answer.headers.get('etag'));
}

/** The least that a dialog needs. */
export function smallDialog(more: object = {}) {
  return {
    serviceResource: 'urn:altinn:resource:ttd-building-permit',
    party: 'urn:altinn:organization:identifier-no:991825827',
    content: { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } },
    ...more,
  };
}

/** An activity that tells which one it is. */
export function numberedActivity(caller: number | string, number: number) {
  return {
    type: 'FormSaved',
    extendedType: `urn:test:${caller}:${number}`,
    performedBy: { actorType: 'ServiceOwner' },
  };
}

/** A change that would show if it were made twice: of what it adds, a dialog may have any number. */
export function numberedAttachment(caller: number | string, number: number) {
  const urls = [{ url: 'https://ttd.example/document.pdf', consumerType: 'Gui' }];
  return [{ op: 'add' as const, path: '/attachments/-', value: { name: `${caller}:${number}`, urls } }];
}

export function numberedTransmission(number: number) {
  return {
    type: 'Information',
    externalReference: String(number),
    sender: { actorType: 'ServiceOwner' },
    content: { title: { value: [{ languageCode: 'nb', value: `Melding ${number}` }] } },
  };
}
