import { listed } from './listed.ts';
import type { Rights } from './rights.ts';
import { addMs, epochMsOf, type Timestamp } from './timestamp.ts';
import { epochMsOfUuidV7, isUuidV7 } from './uuid-v7.ts';

/** How far the callers' clocks may be ahead of ours. */
const clockToleranceMs = 15_000;

/** What the rules beside a body depend on: the clock, and what the caller's scopes allow. */
export type RuleContext = {
  now: Timestamp;
  rights: Rights;
  /** The last time that still counts as past: now, and what the callers' clocks may be ahead of it. */
  latest: Timestamp;
  latestEpochMs: number;
};

/** Takes a broken rule: the path of the member inside the body, and a message for people. */
export type Report = (path: string, message: string) => void;

export function ruleContext(now: Timestamp, rights: Rights): RuleContext {
  const latest = addMs(now, clockToleranceMs);
  return { now, rights, latest, latestEpochMs: epochMsOf(latest) };
}

/** An id that the caller chose is a UUIDv7, and not of the future. */
export function chosenIdRule(id: string | null, path: string, { latestEpochMs }: RuleContext, report: Report): void {
  if (id === null) return;
  if (!isUuidV7(id)) report(path, 'Must be a UUID of version 7.');
  else if (epochMsOfUuidV7(id) >= latestEpochMs) report(path, 'The time in the UUID must not be in the future.');
}

/** Ids that the caller chose differ within a list. */
export function distinctIdsRule(items: readonly { id: string | null }[], path: string, report: Report): void {
  if (items.length < 2) return;
  const ids = new Set<string>();
  const repeated = new Set<string>();
  for (const { id } of items) {
    if (id === null) continue;
    if (ids.has(id)) repeated.add(id);
    ids.add(id);
  }
  if (repeated.size > 0) report(path, `Ids must not repeat: ${listed([...repeated])}.`);
}

/** When something was made is not in the future. */
export function pastRule(time: Timestamp | null, path: string, { latest }: RuleContext, report: Report): void {
  if (time !== null && time > latest) report(path, 'Must not be in the future.');
}

/** What expires has not expired yet. */
export function unexpiredRule(expiresAt: Timestamp | null, path: string, { now }: RuleContext, report: Report): void {
  if (expiresAt !== null && expiresAt < now) report(path, 'Must not be in the past.');
}
