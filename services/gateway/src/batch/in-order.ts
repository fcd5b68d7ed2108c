import type { Command } from '@dialog/contracts/commands';
import type { Operation } from '@dialog/contracts/operation';
import { LaneFull, LaneUnavailable } from '@dialog/lanes/faults';
import type { Lanes } from '@dialog/lanes/submit';

export type InOrderSettings = {
  /** How long each outcome is waited for, in milliseconds; 0 for lines that only have to be accepted. */
  waitMs: number;
  /** How soon lines are tried again that their lanes did not take, in milliseconds. */
  retryMs: number;
  /** How long lines are tried again while lanes are not available at all, in milliseconds. */
  unavailableMsMax: number;
};

/** A line's place among those of its dialog. Exactly one of the two has to be called. */
export type Turn = {
  /**
   * Puts the line's command on its lane when those before it are there, again and again as long as the lane is full.
   *
   * @throws LaneUnavailable when it may have been accepted (`inDoubt`), or when lanes have not been available for too long;
   *   LaneFull, LaneUnavailable when it was given up
   */
  submit(command: Command): Promise<Operation>;
  /** The line has no command; those behind it need not wait. */
  leave(): void;
};

type Place = {
  line: number;
  command?: Command;
  resolve: (operation: Operation) => void;
  reject: (fault: unknown) => void;
};
type Dialog = {
  id: string | undefined;
  /** Of lines that no lane has taken, in order. */
  places: Place[];
  /** How many lines that a lane has taken have not ended; they may be refused in the end, and come back. */
  takenCount: number;
  /** Whether the first of the lines was refused, and waits to be tried again. */
  blocked: boolean;
  /** Which lane was full; undefined when all lanes were away. */
  fullLane: number | undefined;
};

/**
 * Puts commands on their lanes, those of one dialog in the order of their lines, whatever each of them waited for before.
 * Lines of different dialogs do not wait for each other.
 */
export function createInOrder(lanes: Pick<Lanes, 'submit'>, { waitMs, retryMs, unavailableMsMax }: InOrderSettings) {
  const dialogs = new Map<string, Dialog>();
  const refused = new Set<Dialog>();
  let timer: NodeJS.Timeout | undefined;
  let unavailableSince: number | undefined;
  let givenUp = false;

  return {
    /** To be called in the order of the lines. */
    enter(line: number, dialogId: string | undefined): Turn {
      const dialog = dialogOf(dialogId);
      const place: Place = { line, resolve: () => {}, reject: () => {} };
      dialog.places.push(place);
      return {
        submit: (command) =>
          new Promise((resolve, reject) => {
            Object.assign(place, { command, resolve, reject });
            advance(dialog);
          }),
        leave() {
          dialog.places.splice(dialog.places.indexOf(place), 1);
          advance(dialog);
        },
      };
    },

    /** From now on nothing is tried again. What a lane has taken goes on. */
    giveUp(): void {
      givenUp = true;
      retry();
    },
  };

  function dialogOf(id: string | undefined): Dialog {
    const known = id === undefined ? undefined : dialogs.get(id);
    if (known !== undefined) return known;
    const dialog: Dialog = { id, places: [], takenCount: 0, blocked: false, fullLane: undefined };
    if (id !== undefined) dialogs.set(id, dialog);
    return dialog;
  }

  function advance(dialog: Dialog): void {
    for (let [first] = dialog.places; !dialog.blocked && first?.command !== undefined; [first] = dialog.places) {
      submit(dialog, first, first.command);
    }
    if (dialog.places.length > 0 || dialog.takenCount > 0 || dialog.id === undefined) return;
    dialogs.delete(dialog.id);
  }

  function submit(dialog: Dialog, place: Place, command: Command): void {
    // Unless it is taken, its fault is about to come, and until then nothing is to pass.
    dialog.blocked = true;
    const onTaken = () => {
      dialog.blocked = false;
      dialog.takenCount += 1;
      dialog.places.shift();
    };
    const submitted = lanes.submit(command, { waitMs, onTaken });
    const taken = !dialog.blocked;
    submitted.then(
      (operation) => {
        unavailableSince = undefined;
        dialog.takenCount -= 1;
        place.resolve(operation);
        advance(dialog);
      },
      (fault: unknown) => {
        if (taken) dialog.takenCount -= 1;
        if (mayTryAgain(fault)) {
          if (taken) putBack(dialog, place);
          block(dialog, fault);
          return;
        }
        if (!taken) pass(dialog, place);
        place.reject(fault);
        advance(dialog);
      },
    );
  }

  function block(dialog: Dialog, fault: LaneFull | LaneUnavailable): void {
    dialog.blocked = true;
    dialog.fullLane = fault instanceof LaneFull ? fault.lane : undefined;
    refused.add(dialog);
    timer ??= setTimeout(retry, retryMs);
  }

  /** Goes on without a line that no lane will take. */
  function pass(dialog: Dialog, place: Place): void {
    dialog.places.splice(dialog.places.indexOf(place), 1);
    if (!refused.has(dialog)) dialog.blocked = false;
  }

  function mayTryAgain(fault: unknown): fault is LaneFull | LaneUnavailable {
    if (givenUp) return false;
    if (fault instanceof LaneFull) return true;
    if (!(fault instanceof LaneUnavailable) || fault.inDoubt) return false;
    unavailableSince ??= performance.now();
    return performance.now() - unavailableSince < unavailableMsMax;
  }

  /** Before the lines that come after it; those that were refused with it are put back likewise. */
  function putBack(dialog: Dialog, place: Place): void {
    const behind = dialog.places.findIndex(({ line }) => line > place.line);
    dialog.places.splice(behind === -1 ? dialog.places.length : behind, 0, place);
  }

  /** One attempt for each lane that was full, and for lanes that were away: if that fails, so would the others. */
  function retry(): void {
    clearTimeout(timer);
    timer = undefined;
    const fullLanes = new Set<number>();
    let away = false;
    for (const dialog of refused) {
      const { fullLane: lane } = dialog;
      if (!givenUp && (lane === undefined ? away : fullLanes.has(lane))) continue;
      refused.delete(dialog);
      dialog.blocked = false;
      advance(dialog);
      if (!dialog.blocked) continue;
      if (lane === undefined) away = true;
      else fullLanes.add(lane);
    }
    if (refused.size > 0) timer ??= setTimeout(retry, retryMs);
  }
}
