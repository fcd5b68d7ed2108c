import type { CacheSettings } from './fresh-cache.ts';

/** A role or an access package, for people. */
export type NamedSubject = {
  urn: string;
  /** By language code. Empty when the platform has no name for it. */
  names: Map<string, string>;
  /** Address of its description on the platform. */
  metadata: string;
};

/** The platform tells names one language at a time. */
export const metadataLanguages = ['nb', 'en', 'nn'] as const;

export const subjectMetadataCache: CacheSettings = {
  freshMs: 60 * 60_000,
  failSafeMs: 2 * 60 * 60_000,
  waitMs: 5_000,
  retryAfterMs: 30_000,
  entriesMax: 1,
};
