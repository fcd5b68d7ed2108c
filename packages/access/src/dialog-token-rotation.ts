/**
 * When keys for dialog tokens may change (authorization, section 9.3). Pure.
 *
 * A rotation has two steps, and they take turns. `begin-to-sign`: the secondary, known to receivers by now, becomes the
 * primary; the old primary stays published for what it has signed. `publish-new`: when that has run out, the old primary
 * makes room for a new key, which is then there in time for the next rotation, or for an emergency.
 */
import type { DialogTokenKeys, KeyPair } from './dialog-token-keys.ts';

const hourMs = 60 * 60_000;

/** Receivers are told to refresh their keys at least every 24 hours, and get twice that. */
const publishedBeforeSigningMs = 48 * hourMs;

/** The ten minutes of a token, and one for gateways to notice that another key signs and for clocks that are off. */
const publishedAfterSigningMs = 11 * 60_000;

export type RotationStep = { kind: 'begin-to-sign' | 'publish-new'; dueAt: Date };

/** The step that comes next, and from when on it harms nobody. */
export function nextStep({ secondary }: DialogTokenKeys): RotationStep {
  return secondary.retiredAt === null
    ? { kind: 'begin-to-sign', dueAt: after(secondary.publishedAt, publishedBeforeSigningMs) }
    : { kind: 'publish-new', dueAt: after(secondary.retiredAt, publishedAfterSigningMs) };
}

/** Takes the next step, due or not. @param newKey is used if the step publishes one */
export function rotated(keys: DialogTokenKeys, now: Date, newKey: KeyPair): DialogTokenKeys {
  const { primary, secondary } = keys;
  switch (nextStep(keys).kind) {
    case 'begin-to-sign':
      return { primary: secondary, secondary: { ...primary, retiredAt: now.toISOString() } };
    case 'publish-new':
      return { primary, secondary: newKey };
  }
}

function after(timestamp: string, ms: number): Date {
  return new Date(Date.parse(timestamp) + ms);
}
