/**
 * In which order lines may leave. A dialog's lines leave one behind the other; those of different dialogs, and those of
 * no dialog known, don't wait for each other. Knows no connection, clock or service: an upload is whatever the caller
 * takes it for.
 */
export type LineOrder<Line> = {
  /** Lines are added in their order. */
  add(line: Line, dialogId: string | undefined): Placed<Line>;
  /** The next line that may leave on this upload; undefined while there is none. */
  take(upload: object): Placed<Line> | undefined;
  /** Nothing is taken for this upload any more. What waited for a place on it can leave on another. */
  close(upload: object): void;
  /** It has left and has ended, well or not. */
  end(placed: Placed<Line>): void;
  /**
   * It has left and is to leave again, before all that is behind it in its dialog. Nothing of the dialog leaves before
   * the returned function is called, nor while lines of it are still under way.
   */
  putBack(placed: Placed<Line>): () => void;
};

export type Placed<Line> = { readonly line: Line; readonly index: number; readonly track: Track<Line> };

/** The lines of one dialog, or a line of no dialog known. */
type Track<Line> = {
  readonly dialogId: string | undefined;
  /** In their order. */
  readonly waiting: Placed<Line>[];
  underWay: number;
  /** Where the lines under way are: others of the dialog may follow them there, and nowhere else. */
  upload: object | undefined;
  /** Lines put back of which nobody has said yet that they may leave again. */
  resting: number;
  /** Something was put back. The lines that are still under way may come back too, and belong before what is waiting. */
  emptying: boolean;
  queue: Set<Track<Line>> | undefined;
};

/** @param perDialogMax how many lines of one dialog may be under way at once, all on the same upload */
export function createLineOrder<Line>(perDialogMax: number): LineOrder<Line> {
  const dialogs = new Map<string, Track<Line>>();
  /** Tracks whose next line may leave: on any upload, or on the one that has those before it. */
  const anywhere = new Set<Track<Line>>();
  const behind = new Map<object, Set<Track<Line>>>();
  const closed = new WeakSet<object>();
  let added = 0;

  return {
    add(line, dialogId) {
      const track = trackOf(dialogId);
      const placed = { line, index: added, track };
      added += 1;
      track.waiting.push(placed);
      requeue(track);
      return placed;
    },
    take(upload) {
      const track = firstOf(behind.get(upload)) ?? firstOf(anywhere);
      const placed = track?.waiting.shift();
      if (track === undefined || placed === undefined) return undefined;
      track.underWay += 1;
      track.upload = upload;
      requeue(track);
      return placed;
    },
    close(upload) {
      closed.add(upload);
      for (const track of behind.get(upload) ?? []) track.queue = undefined;
      behind.delete(upload);
    },
    end({ track }) {
      hasLanded(track);
      requeue(track);
    },
    putBack(placed) {
      const { track } = placed;
      hasLanded(track);
      track.emptying = track.underWay > 0;
      track.resting += 1;
      const at = track.waiting.findIndex(({ index }) => index > placed.index);
      track.waiting.splice(at === -1 ? track.waiting.length : at, 0, placed);
      requeue(track);
      return () => {
        track.resting -= 1;
        requeue(track);
      };
    },
  };

  function trackOf(dialogId: string | undefined): Track<Line> {
    const known = dialogId === undefined ? undefined : dialogs.get(dialogId);
    if (known !== undefined) return known;
    const waiting: Placed<Line>[] = [];
    const track: Track<Line> = {
      ...{ dialogId, waiting, underWay: 0, upload: undefined, resting: 0, emptying: false, queue: undefined },
    };
    if (dialogId !== undefined) dialogs.set(dialogId, track);
    return track;
  }

  function hasLanded(track: Track<Line>): void {
    track.underWay -= 1;
    if (track.underWay > 0) return;
    track.upload = undefined;
    track.emptying = false;
  }

  /** Puts the track where its next line is looked for. */
  function requeue(track: Track<Line>): void {
    const queue = queueFor(track);
    if (queue !== track.queue) {
      track.queue?.delete(track);
      queue?.add(track);
      track.queue = queue;
    }
    const isIdle = track.waiting.length === 0 && track.underWay === 0;
    if (isIdle && track.dialogId !== undefined) dialogs.delete(track.dialogId);
  }

  function queueFor({ waiting, underWay, upload, resting, emptying }: Track<Line>): Set<Track<Line>> | undefined {
    if (waiting.length === 0 || resting > 0 || emptying) return undefined;
    if (upload === undefined) return anywhere;
    if (underWay >= perDialogMax || closed.has(upload)) return undefined;
    const queue = behind.get(upload) ?? new Set();
    behind.set(upload, queue);
    return queue;
  }
}

/** Takes the track out: it is put behind the others, if it still has something. */
function firstOf<Line>(queue: Set<Track<Line>> | undefined): Track<Line> | undefined {
  for (const track of queue ?? []) {
    queue?.delete(track);
    track.queue = undefined;
    return track;
  }
  return undefined;
}
