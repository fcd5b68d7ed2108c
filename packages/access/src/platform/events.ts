import type { Logger } from '@dialog/telemetry/logger';
import { UpstreamFailure } from '../upstream-failure.ts';
import { createUpstream, type Upstream } from './http.ts';
import type { PlatformSettings } from './platform.ts';
import { clientVariables, createPlatformTokens, isUnauthorized, withToken } from './platform-token.ts';

export type AltinnEventsSettings = Omit<PlatformSettings, 'cdnUrl' | 'subscriptionKey'> & {
  /** Base address of Altinn Events, without a slash at the end. */
  eventsUrl: string;
  /** For one call; also of those that get a token. */
  callTimeoutMs: number;
};

/**
 * What came of handing an event over: the receiver has it; it will never take this one; or it may take it another time,
 * be it that it does not answer, that it is in trouble, or that there is no token for it.
 */
export type Handover = { kind: 'delivered' } | { kind: 'refused' | 'failed'; reason: string };

/** Altinn's receiver of events (platform, section 9). */
export type AltinnEvents = {
  /**
   * Hands over one event, once: whoever calls decides when to try again.
   *
   * @param event a CloudEvent in its JSON form
   */
  publish(event: string): Promise<Handover>;
};

const operation = 'events';

/** No connection is made before the first event. */
export function openAltinnEvents(settings: AltinnEventsSettings, log: Logger): AltinnEvents {
  const { eventsUrl, platformUrl, maskinportenUrl, client, callTimeoutMs } = settings;
  // Neither tries again nor gives up for a while: pauses are the caller's, who has to keep events in order.
  const upstream = createUpstream(
    { attemptTimeoutMs: callTimeoutMs, retries: 0, breakAfterFailures: Number.POSITIVE_INFINITY },
    log,
  );
  const tokens = client && createPlatformTokens({ upstream, maskinportenUrl, platformUrl, client });
  const post = postTo(upstream, eventsUrl);

  return {
    async publish(event) {
      try {
        await withToken(tokens, (token) => post(event, token));
        return { kind: 'delivered' };
      } catch (err) {
        if (!(err instanceof UpstreamFailure)) throw err;
        return { kind: isAboutTheEvent(err) ? 'refused' : 'failed', reason: reasonOf(err, tokens !== undefined) };
      }
    },
  };
}

function postTo(upstream: Upstream, eventsUrl: string) {
  return async (event: string, token: string | undefined): Promise<void> => {
    const headers = {
      // Without a charset, which Altinn refuses.
      'Content-Type': 'application/cloudevents+json',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    const url = `${eventsUrl}/events/api/v1/events`;
    await upstream.readText({ operation, url, method: 'POST', headers, body: event });
  };
}

/**
 * Statuses that say that the event will never do. All others are about us, be it the scope that is missing (403) or the
 * address that is wrong (404): they would make a dead letter of each event that there is.
 */
const refusing: ReadonlySet<number> = new Set([400, 413, 422]);

function isAboutTheEvent({ operation: failed, status }: UpstreamFailure): boolean {
  return failed === operation && status !== undefined && refusing.has(status);
}

/** What the receiver says of an event may quote it, with the party in it: the status has to do. */
function reasonOf(err: UpstreamFailure, hasTokens: boolean): string {
  if (!hasTokens && isUnauthorized(err)) return `${err.message}, and not set: ${clientVariables}`;
  return err.cause instanceof Error ? `${err.message} (${err.cause.name}: ${err.cause.message})` : err.message;
}
