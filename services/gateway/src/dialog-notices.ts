import { setTimeout as delay } from 'node:timers/promises';
import { type CloudEventType, cloudEventTypes } from '@dialog/contracts/cloud-event-type';
import { partyFilter } from '@dialog/events/subjects';
import type { Nats } from '@dialog/lanes/open-nats';
import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';

/** Of an event no more than that it happened: what has become of the dialog is read with one's own rights. */
const notice = z.object({ id: z.uuid(), type: z.enum(cloudEventTypes), time: z.string() });
export type DialogNotice = z.infer<typeof notice>;

/**
 * Events after which a reader sees another dialog, or none. A new transmission or activity, and a visit, come with an
 * `updated` of the same change (events, section 7.6).
 */
const noticed: ReadonlySet<CloudEventType> = new Set<CloudEventType>([
  'dialogporten.dialog.created.v1',
  'dialogporten.dialog.updated.v1',
  'dialogporten.dialog.deleted.v1',
  'dialogporten.dialog.restored.v1',
  'dialogporten.dialog.expired.v1',
]);

export type Watcher = {
  notice(notice: DialogNotice): void;
  /** Notices may have been missed. */
  missed(): void;
};

export type DialogNotices = {
  /**
   * Notices of what becomes of a dialog from now on, as far as its party may hear of it; at least once, in the order of
   * the changes.
   *
   * @returns what ends it; undefined while NATS is away
   */
  watch(dialogId: string, watcher: Watcher): Promise<(() => void) | undefined>;
};

/** NATS confirms a subscription within a millisecond or two, or is as good as away. */
const subscribeTimeoutMs = 2_000;

type Watched = { watchers: Set<Watcher>; unsubscribe: () => void; subscribed: Promise<boolean> };

/**
 * Hears the events of those dialogs that somebody watches, and of no others: one subscription for each of them, whoever
 * and however many its watchers are. So a gateway's share of the events grows with its own readers, not with the writers.
 *
 * They are taken from what the relay publishes and not from JetStream: a consumer for each would cost the server much
 * more, and give back nothing that reading the dialog does not.
 */
export function openDialogNotices({ nats, log }: { nats: Nats; log: Logger }): DialogNotices {
  const watched = new Map<string, Watched>();
  nats.onReturn(() => {
    for (const { watchers } of watched.values()) for (const watcher of watchers) watcher.missed();
  });

  return {
    async watch(dialogId, watcher) {
      if (!nats.isConnected()) return undefined;
      const dialog = watched.get(dialogId) ?? open(dialogId);
      dialog.watchers.add(watcher);
      const leave = () => {
        dialog.watchers.delete(watcher);
        if (dialog.watchers.size > 0 || watched.get(dialogId) !== dialog) return;
        watched.delete(dialogId);
        dialog.unsubscribe();
      };
      if (await dialog.subscribed) return leave;
      leave();
      return undefined;
    },
  };

  function open(dialogId: string): Watched {
    const watchers = new Set<Watcher>();
    const unsubscribe = nats.subscribe(partyFilter('*', { dialogId }), (payload) => {
      const read = notice.safeParse(fromJson(payload));
      if (!read.success) log.error({ err: read.error, dialogId }, 'event not understood');
      else if (noticed.has(read.data.type)) for (const watcher of watchers) watcher.notice(read.data);
    });
    const dialog = { watchers, unsubscribe, subscribed: confirmed() };
    watched.set(dialogId, dialog);
    return dialog;
  }

  /** Whether the server knows of all subscriptions that were made before. */
  function confirmed(): Promise<boolean> {
    const late = delay(subscribeTimeoutMs, false, { ref: false });
    return Promise.race([nats.healthCheck().then(() => true), late]).catch(() => false);
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
