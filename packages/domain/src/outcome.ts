import type { DialogEvent } from '@dialog/contracts/dialog-event';
import type { Rejection } from '@dialog/contracts/problem';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Activity, Dialog, KnownTransmission, Transmission } from './dialog.ts';

/** What a decision may use besides the state: the clock and new ids come from outside. */
export type Context = {
  now: Timestamp;
  /** UUIDv7, ascending from call to call. */
  newId: () => string;
  /** UUIDv4: a revision tells nothing but that it differs. */
  newRevision: () => string;
};

/** Everything one applied command changes. */
export type Change = {
  kind: 'created' | 'updated';
  /** The dialog as it is from now on. */
  dialog: Dialog;
  transmissions: Transmission[];
  activities: Activity[];
  /** Transmissions that were there before and got a reply, or were opened. */
  touchedTransmissions: KnownTransmission[];
  /** Ids that the caller chose for parts of the dialog, and those of parts that are no more. */
  chosenIds: string[];
  releasedIds: string[];
  /** Empty when the change is silent. */
  events: DialogEvent[];
};

/** `revision` is the dialog's revision after the command; an applied command without `change` changed nothing. */
export type Outcome =
  | { kind: 'applied'; revision: string; change: Change | undefined }
  | { kind: 'rejected'; rejection: Rejection };

export function rejected(
  status: Rejection['status'],
  errors?: Record<string, string[]>,
): Outcome & { kind: 'rejected' } {
  return { kind: 'rejected', rejection: { status, ...(errors !== undefined && { errors }) } };
}

/** Errors of one status, gathered over several rules, by key. */
export class Errors {
  readonly #byKey: Record<string, string[]> = {};

  add(key: string, message: string): void {
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
