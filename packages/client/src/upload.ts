import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { BulkOutcome } from './bulk-line.ts';

/** One request to the batch endpoint, which takes lines and tells outcomes at the same time. */
export type Upload = {
  /** Resolves when more may be written, or nothing can be any more. */
  write(lines: string): Promise<void>;
  /** No more lines will come. The outcomes of those written still do. */
  finish(): void;
  /** Ends it at once. */
  destroy(): void;
  readonly isOpen: boolean;
  ended: Promise<UploadEnd>;
};

export type UploadEnd =
  /** The answer is complete, though not every line needs to have its outcome: the service may be stopping. */
  | { kind: 'complete' }
  /** The service would not take any line. */
  | { kind: 'refused'; status: number; body: string; retryAfterMs: number }
  | { kind: 'broken'; err: unknown };

export type UploadRequest = {
  url: string;
  token: string;
  respondAsync: boolean;
  /** Of a connection on which nothing moves. */
  silenceMaxMs: number;
  onOutcome: (outcome: BulkOutcome) => void;
};

/** Of what is kept of the answer to a request that was refused. */
const refusalLengthMax = 16_384;

/**
 * By node:http, whose answer is read from its first byte on, however much there is still to write. `fetch` promises that
 * by its standard only for what comes after the request (`duplex: 'half'`), even though Node's does more today.
 */
export function openUpload({ url, token, respondAsync, silenceMaxMs, onOutcome }: UploadRequest): Upload {
  const address = new URL(`${url.replace(/\/+$/, '')}/api/v1/serviceowner/dialogs/batch`);
  const { promise: ended, resolve } = Promise.withResolvers<UploadEnd>();
  let isOpen = true;
  let answered = false;
  let goOn = () => {};

  const request = (address.protocol === 'https:' ? requestHttps : requestHttp)(address, {
    method: 'POST',
    // A connection of its own: an idle one from before may just be closed by the other side.
    agent: false,
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/x-ndjson',
      Accept: 'application/x-ndjson',
      ...(respondAsync && { Prefer: 'respond-async' }),
    },
  });
  request.setTimeout(silenceMaxMs, () => request.destroy(new Error(`Nothing moved for ${silenceMaxMs} ms.`)));
  request.on('drain', () => goOn());
  request.on('error', (err) => {
    // Whoever answers without reading on may close the connection for writing. What it says is still worth reading.
    if (!answered) end({ kind: 'broken', err });
  });
  request.on('response', (response) => {
    answered = true;
    response.setEncoding('utf8');
    const status = response.statusCode ?? 0;
    const read = status === 200 ? lineReader((line) => onOutcome(JSON.parse(line))) : undefined;
    let refusal = '';
    response.on('data', (text: string) => {
      try {
        if (read === undefined) refusal = (refusal + text).slice(0, refusalLengthMax);
        else read(text);
      } catch (err) {
        end({ kind: 'broken', err });
      }
    });
    response.on('error', (err) => end({ kind: 'broken', err }));
    response.on('end', () => {
      const retryAfterMs = Number(response.headers['retry-after'] ?? 0) * 1_000 || 0;
      end(status === 200 ? { kind: 'complete' } : { kind: 'refused', status, body: refusal, retryAfterMs });
    });
    response.on('close', () => end({ kind: 'broken', err: new Error('The answer broke off.') }));
    // Nobody reads on at the other side.
    if (status !== 200) stopWriting();
  });

  return {
    async write(lines) {
      if (!isOpen || request.write(lines)) return;
      const drained = Promise.withResolvers<void>();
      goOn = drained.resolve;
      await drained.promise;
    },
    finish() {
      if (!isOpen) return;
      isOpen = false;
      request.end();
    },
    destroy() {
      request.destroy();
      end({ kind: 'broken', err: new Error('The upload was given up.') });
    },
    get isOpen() {
      return isOpen;
    },
    ended,
  };

  function stopWriting(): void {
    isOpen = false;
    goOn();
  }

  function end(how: UploadEnd): void {
    stopWriting();
    resolve(how);
    request.destroy();
  }
}

/** Puts lines together from pieces of text. */
function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim() !== '') onLine(line);
    }
  };
}
