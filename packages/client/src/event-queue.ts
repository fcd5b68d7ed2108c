/** Hands over items one by one, in their order, to one who waits for them. */
export type EventQueue<Item> = {
  push(item: Item): void;
  /** Undefined when the queue has ended. @throws what it has failed with */
  take(): Promise<Item | undefined>;
  /** What has not been taken is dropped. */
  end(failure?: unknown): void;
};

/** Not bounded by itself: the service delivers no more than so many events that are not confirmed. */
export function createEventQueue<Item>(): EventQueue<Item> {
  let items: Item[] = [];
  let taken = 0;
  let ended = false;
  let failure: unknown;
  let wake = () => {};

  return {
    push(item) {
      if (ended) return;
      items.push(item);
      wake();
    },
    async take() {
      while (taken === items.length && !ended) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
      if (failure !== undefined) throw failure;
      if (ended) return undefined;
      const item = items[taken];
      taken += 1;
      // Everything at once when all is taken: to shift one after the other would copy the rest each time.
      if (taken === items.length) {
        items = [];
        taken = 0;
      }
      return item;
    },
    end(reason) {
      if (ended) return;
      ended = true;
      failure = reason;
      items = [];
      taken = 0;
      wake();
    },
  };
}
