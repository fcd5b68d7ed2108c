import { type Emulator, startEmulator } from '@dialog/altinn-emulator/emulator';
import { vi } from 'vitest';
import { z } from 'zod';
import type { OutboxWriter } from './outbox-writer.ts';

const received = z.array(z.object({ id: z.string(), resourceinstance: z.string() }));

/** The emulator's receiver of events, in this process. */
export type AltinnSink = Awaited<ReturnType<typeof openAltinnSink>>;

export async function openAltinnSink() {
  const emulator: Emulator = await startEmulator();
  async function control(method: string, what: string, body?: object): Promise<Response> {
    return fetch(`${emulator.baseUrl}/emulator/${what}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }
  /** Ids of events by dialog, in the order in which they came. */
  async function events(): Promise<Map<string, string[]>> {
    const all = received.parse(await (await control('GET', 'events')).json());
    const byDialog = Map.groupBy(all, ({ resourceinstance }) => resourceinstance);
    return new Map([...byDialog].map(([dialogId, own]) => [dialogId, own.map(({ id }) => id)]));
  }
  return {
    baseUrl: emulator.baseUrl,
    env: {
      ALTINN_EVENTS_URL: emulator.baseUrl,
      MASKINPORTEN_CLIENT_ID: emulator.platformClient.clientId,
      MASKINPORTEN_CLIENT_JWK: Buffer.from(JSON.stringify(emulator.platformClient.jwk)).toString('base64'),
      FORWARD_POLL_MS: '20',
      FORWARD_RETRY_PAUSES_MS: '10,20',
      FORWARD_REDELIVERY_PAUSES_MS: '30',
      FORWARD_AWAY_PAUSE_MAX_MS: '200',
    },
    events,
    fail: (fault: object) => control('POST', 'faults', { operation: 'events', ...fault }),
    mend: () => control('DELETE', 'faults'),
    calls: async () =>
      z.object({ events: z.number().default(0) }).parse(await (await control('GET', 'calls')).json()).events,
    async reset() {
      for (const what of ['events', 'faults', 'calls']) await control('DELETE', what);
    },
    async until(count: number, timeoutMs = 20_000) {
      await vi.waitFor(
        async () => {
          const came = [...(await events()).values()].flat().length;
          if (came < count) throw new Error(`${came} of ${count} events came.`);
        },
        { timeout: timeoutMs, interval: 20 },
      );
    },
    close: () => emulator.close(),
  };
}

/** What Altinn must get of what was written: ids of events by dialog, in order. */
export function forwardedOf(writer: OutboxWriter): Map<string, string[]> {
  const ofOwner = [...writer.expected].filter(([key]) => key.endsWith('.owner'));
  return new Map(ofOwner.map(([key, ids]) => [key.split('.')[0] ?? '', ids.map((id) => id.split('.')[0] ?? '')]));
}
