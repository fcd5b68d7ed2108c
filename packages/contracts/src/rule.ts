import type { Rights } from './commands.ts';
import type { Timestamp } from './timestamp.ts';

/** What the rules beside a body depend on: the clock, and what the caller's scopes allow. */
export type RuleContext = { now: Timestamp; rights: Rights };

/** Takes a broken rule: the path of the member inside the body, and a message for people. */
export type Report = (path: string, message: string) => void;
