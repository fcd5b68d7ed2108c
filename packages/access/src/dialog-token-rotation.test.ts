import { describe, expect, it } from 'vitest';
import { firstKeys, newKeyPair } from './dialog-token-keys.ts';
import { nextStep, rotated } from './dialog-token-rotation.ts';

const monday = new Date('2026-03-02T08:00:00.000Z');
const wednesday = new Date('2026-03-04T08:00:00.000Z');
const first = await firstKeys(monday);
const newKey = await newKeyPair(wednesday);

describe('keys for dialog tokens', () => {
  it('begin to sign when they have been published for 48 hours', () => {
    expect(nextStep(first)).toEqual({ kind: 'begin-to-sign', dueAt: wednesday });
  });

  it('stay published when the next one signs, until what they have signed has run out', () => {
    const swapped = rotated(first, wednesday, newKey);
    expect(swapped).toEqual({
      primary: first.secondary,
      secondary: { ...first.primary, retiredAt: '2026-03-04T08:00:00.000Z' },
    });
    expect(nextStep(swapped)).toEqual({ kind: 'publish-new', dueAt: new Date('2026-03-04T08:11:00.000Z') });
  });

  it('make room for a new one after that, which does not sign yet', () => {
    const ready = rotated(rotated(first, wednesday, newKey), wednesday, newKey);
    expect(ready).toEqual({ primary: first.secondary, secondary: newKey });
    expect(nextStep(ready)).toEqual({ kind: 'begin-to-sign', dueAt: new Date('2026-03-06T08:00:00.000Z') });
  });
});
