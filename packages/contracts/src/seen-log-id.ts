import { hash } from 'node:crypto';
import type { Timestamp } from './timestamp.ts';

/** What makes one state of a dialog to those who open it. */
type State = { id: string; updatedAt: Timestamp; contentSeen: boolean };

/**
 * The id of an end user's entry in the seen log of a dialog: the same for every visit to the same state, so that there
 * can be one entry for it and no more, however many visits come at once (service owner API, section 13.7). A UUIDv8
 * (RFC 9562, section 5.8), the bits of a hash.
 */
export function seenLogId({ id, updatedAt, contentSeen }: State, actorId: string): string {
  const digits = hash('sha256', JSON.stringify([id, updatedAt, contentSeen, actorId]), 'hex');
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
}
