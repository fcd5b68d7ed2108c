/** One server-sent event. `id` and `retryMs` may be absent. */
export type ServerSentEvent = { event: string; data: unknown; id?: string; retryMs?: number };

export type EventStreamSettings = {
  /** How often a silent stream says that it lives, in milliseconds: proxies cut connections that are silent. */
  heartbeatMs: number;
  /** How soon one event may follow another, in milliseconds. What comes in between is put together. */
  eventIntervalMs: number;
};

export type EventStream = {
  /** What is sent. Nothing is made before it can be sent. */
  body: ReadableStream<Uint8Array>;
  /**
   * Sends an event when the reader is ready for it. Of those that wait with the same name only the last one is sent: so
   * a reader that is slow, or a dialog that changes all the time, costs no memory.
   */
  send(event: ServerSentEvent): void;
  /** Sends what waits, this last event, and ends. A reader that does not take it in time is cut off. */
  end(last: ServerSentEvent): void;
};

/** How long a reader may take for the last event, before its connection is cut. */
const lastEventMs = 1_000;

/**
 * A stream of server-sent events.
 *
 * @param onClosed called once, when it has ended or its reader has left
 * @param cut ends the connection of a reader that reads no more
 */
export function openEventStream(
  { heartbeatMs, eventIntervalMs }: EventStreamSettings,
  { onClosed, cut }: { onClosed: () => void; cut: () => void },
): EventStream {
  const encoder = new TextEncoder();
  const waiting = new Map<string, ServerSentEvent>();
  let last: ServerSentEvent | undefined;
  let closed = false;
  let notBefore = 0;
  let wake = () => {};
  let deadline: NodeJS.Timeout | undefined;

  let finish = () => {};

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        finish = () => controller.close();
      },
      async pull(controller) {
        const { text, isLast } = await next();
        if (closed) return;
        controller.enqueue(encoder.encode(text));
        if (!isLast) return;
        close();
        finish();
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );

  return {
    body,
    send(event) {
      if (closed || last !== undefined) return;
      // To the end of those that wait, with its news.
      waiting.delete(event.event);
      waiting.set(event.event, event);
      wake();
    },
    end(event) {
      if (closed || last !== undefined) return;
      last = event;
      wake();
      deadline = setTimeout(() => {
        close();
        finish();
        cut();
      }, lastEventMs);
    },
  };

  /** Waits for what is to be sent next. */
  async function next(): Promise<{ text: string; isLast: boolean }> {
    const silentUntil = performance.now() + heartbeatMs;
    for (;;) {
      if (closed) return { text: '', isLast: true };
      if (last !== undefined) return { text: [...waiting.values(), last].map(written).join(''), isLast: true };
      const now = performance.now();
      const [event] = waiting.values();
      if (event !== undefined && now >= notBefore) {
        waiting.delete(event.event);
        notBefore = now + eventIntervalMs;
        return { text: written(event), isLast: false };
      }
      if (now >= silentUntil) return { text: ': alive\n\n', isLast: false };
      await woken(Math.min(silentUntil, event === undefined ? silentUntil : notBefore) - now);
    }
  }

  async function woken(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, withinMs);
    });
    clearTimeout(timer);
  }

  function close(): void {
    if (closed) return;
    closed = true;
    clearTimeout(deadline);
    waiting.clear();
    wake();
    onClosed();
  }
}

function written({ event, data, id, retryMs }: ServerSentEvent): string {
  const lines = [
    `event: ${event}`,
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...(retryMs === undefined ? [] : [`retry: ${retryMs}`]),
    // JSON has its line breaks escaped.
    `data: ${JSON.stringify(data)}`,
  ];
  return `${lines.join('\n')}\n\n`;
}
