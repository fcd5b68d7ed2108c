import type { BenchStack } from './bench-stack.ts';
import type { LoadRequest, LoadResult } from './load-generator.ts';
import { activity, taxReturn, transmission } from './tax-return.ts';

/** What is sent, without how often. */
export type Sent = Pick<LoadRequest, 'url' | 'method' | 'headers' | 'body' | 'followUps' | 'lines'>;

/** By whom and to which of the two gateways, ours when nothing else is said. */
type From = { token: string; gatewayUrl: string };

const dialogsPath = '/api/v1/serviceowner/dialogs';

/** A request of the service owner of the bench. */
export function post(from: Pick<From, 'token'>, url: string, body: unknown, headers: Record<string, string> = {}) {
  return {
    url,
    method: 'POST' as const,
    headers: { Authorization: `Bearer ${from.token}`, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

export function createDialog(from: From, headers: Record<string, string> = {}): Sent & { body: string } {
  return post(from, `${from.gatewayUrl}${dialogsPath}`, taxReturn(), headers);
}

/** What a tax authority sends for each sender: a dialog, and once it is there, a transmission and an activity. */
export function createWithChildren(from: From): Sent {
  return {
    ...createDialog(from),
    followUps: [
      { path: '/transmissions', body: JSON.stringify(transmission()) },
      { path: '/activities', body: JSON.stringify(activity()) },
    ],
  };
}

/** Dialogs as lines of one request. On a busy machine more of them are in hand than it does in the usual ten seconds. */
export function createInBatch(from: From): Sent {
  const line = { kind: 'CreateDialog', body: taxReturn() };
  const ndjson = { 'Content-Type': 'application/x-ndjson', Prefer: 'wait=30' };
  return { ...post(from, `${from.gatewayUrl}${dialogsPath}/batch`, line, ndjson), lines: true };
}

/** Appends transmissions to a dialog that is made for that. */
export async function appendToOne(from: From): Promise<Sent> {
  const { url, method, headers, body } = createDialog(from);
  const created = await fetch(url, { method, headers, body });
  if (created.status !== 201) throw new Error(`Not created: ${created.status} ${await created.text()}`);
  return post(from, `${url}/${String(await created.json())}/transmissions`, transmission());
}

/** The baseline of a stack in place of its gateway. */
export function baselineOf({ token, baselineUrl }: BenchStack): From {
  return { token, gatewayUrl: baselineUrl };
}

/** A figure counts only if every answer was the one expected. */
export function requireStatus({ statuses }: LoadResult, status: number): void {
  if (Object.keys(statuses).some((seen) => seen !== String(status))) {
    throw new Error(`Expected ${status} alone, got ${JSON.stringify(statuses)}.`);
  }
}
