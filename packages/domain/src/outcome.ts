import type { DialogEvent } from '@dialog/contracts/dialog-event';
import type { Rejection } from '@dialog/contracts/problem';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type {
  Activity,
  Dialog,
  KnownTransmission,
  LabelAssignment,
  MovedActivity,
  SeenLogEntry,
  Transmission,
  WithheldEvent,
} from './dialog.ts';

/** What a decision may use besides the state: the clock and new ids come from outside. */
export type Context = {
  now: Timestamp;
  /** UUIDv7, ascending from call to call. */
  newId: () => string;
  /** UUIDv4: a revision tells nothing but that it differs. */
  newRevision: () => string;
};

/** Everything that an applied command changes of one dialog. */
export type Change = {
  /** A purged dialog is gone with everything in it; nothing else of the change counts but its events. */
  kind: 'created' | 'updated' | 'purged';
  /** The dialog as it is from now on, or was until it was purged. */
  dialog: Dialog;
  transmissions: Transmission[];
  activities: Activity[];
  /** Transmissions that were there before and got or lost a reply, moved in the hierarchy, or were opened. */
  touchedTransmissions: KnownTransmission[];
  /** Transmissions that were there before and have been corrected. */
  correctedTransmissions: Transmission[];
  movedActivities: MovedActivity[];
  /** New entries of the seen log. */
  visits: SeenLogEntry[];
  /** Ids that the caller chose for parts of the dialog, and those of parts that are no more. */
  chosenIds: string[];
  releasedIds: string[];
  /** Lines for the label log. */
  labelAssignments: LabelAssignment[];
  /** Empty when the change is silent. */
  events: DialogEvent[];
  /** Events that the party gets when it can see the dialog. */
  withheld: WithheldEvent[];
};

/**
 * `revision` is that of the changed part of the dialog after the command: what the caller gets as ETag. An applied
 * command without changes found everything as it should be. Only a bulk command changes several dialogs. A repeated
 * command changes nothing, and is told how it ended when it was applied before, under the same key; one that had created
 * a dialog, which revision that has now.
 */
export type Outcome =
  | { kind: 'applied'; revision: string; changes: readonly Change[]; repeated?: Repeated }
  | { kind: 'rejected'; rejection: Rejection };

/** The dialog that a command had changed or created, and the transmission or activity that it had made. */
export type Repeated = { dialogId: string; createdId: string | null };

export function repeated(revision: string, earlier: Repeated): Outcome & { kind: 'applied' } {
  return { kind: 'applied', revision, changes: [], repeated: earlier };
}

export function applied(revision: string, ...changes: Change[]): Outcome & { kind: 'applied' } {
  return { kind: 'applied', revision, changes };
}

/** A change of a dialog itself, and of what `parts` says besides. */
export function changeOf(
  kind: Change['kind'],
  dialog: Dialog,
  parts: Partial<Omit<Change, 'kind' | 'dialog' | 'labelAssignments' | 'withheld'>> = {},
): Change {
  return {
    ...{ kind, dialog, transmissions: [], activities: [], touchedTransmissions: [], correctedTransmissions: [] },
    ...{ movedActivities: [], visits: [], chosenIds: [], releasedIds: [] },
    // Told from the dialog before and after, once for all commands: see decide.
    ...{ labelAssignments: [], withheld: [] },
    events: [],
    ...parts,
  };
}

export function rejected(
  status: Rejection['status'],
  errors?: Record<string, string[]>,
): Outcome & { kind: 'rejected' } {
  return { kind: 'rejected', rejection: { status, ...(errors !== undefined && { errors }) } };
}

/** Most messages of one rejection: it is stored, and travels to the caller in one piece. */
const messageCountMax = 1_000;

/** Errors of one status, gathered over several rules, by key. */
export class Errors {
  readonly #byKey: Record<string, string[]> = {};
  #count = 0;

  add(key: string, message: string): void {
    if (this.#count++ >= messageCountMax) return;
    const messages = this.#byKey[key] ?? [];
    this.#byKey[key] = messages;
    messages.push(message);
  }

  get any(): boolean {
    return Object.keys(this.#byKey).length > 0;
  }

  rejected(status: Rejection['status']): Outcome & { kind: 'rejected' } {
    return rejected(status, this.#byKey);
  }
}
