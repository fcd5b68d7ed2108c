export type RoomSettings = {
  dialogsAtOnceMax: number;
  /** A dialog with more events than this has the room to itself. */
  eventsAtOnceMax: number;
};

/** Bounds what is under way. One at a time may wait at it. */
export function createRoom({ dialogsAtOnceMax, eventsAtOnceMax }: RoomSettings) {
  let dialogs = 0;
  let events = 0;
  let left = () => {};

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        left = resolve;
      });
    }
  }

  return {
    /** Resolves when there is room for a dialog with this many events, and takes it. */
    async enter(count: number): Promise<void> {
      await until(() => dialogs === 0 || (dialogs < dialogsAtOnceMax && events + count <= eventsAtOnceMax));
      dialogs += 1;
      events += count;
    },
    leave(count: number): void {
      dialogs -= 1;
      events -= count;
      left();
    },
    empty: () => until(() => dialogs === 0),
  };
}
