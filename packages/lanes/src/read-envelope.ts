import { type Envelope, envelope, envelopeVersion } from '@dialog/contracts/commands';
import { z } from 'zod';

/** What every version of the contract has. */
const address = z.object({ version: z.number().int(), laneCount: z.number().int() });

export type EnvelopeReading =
  | { kind: 'readable'; envelope: Envelope }
  /** Fine, but not for this process. Somebody else may be able to. */
  | { kind: 'foreign'; reason: string }
  /** Nobody can. */
  | { kind: 'unreadable'; error: Error };

/** Reads what a job on `lane` carries. */
export function readEnvelope(text: string, { lane, laneCount }: { lane: number; laneCount: number }): EnvelopeReading {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return { kind: 'unreadable', error: new Error('The envelope is no JSON.', { cause }) };
  }
  const addressed = address.safeParse(json);
  if (addressed.success && addressed.data.version > envelopeVersion) {
    return {
      kind: 'foreign',
      reason: `its version is ${addressed.data.version}, this process knows ${envelopeVersion}`,
    };
  }
  if (addressed.success && addressed.data.laneCount !== laneCount) {
    return { kind: 'foreign', reason: `it is for ${addressed.data.laneCount} lanes, this process knows ${laneCount}` };
  }
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return { kind: 'unreadable', error: parsed.error };
  if (parsed.data.lane !== lane) {
    return { kind: 'unreadable', error: new Error(`The envelope is for lane ${parsed.data.lane}.`) };
  }
  return { kind: 'readable', envelope: parsed.data };
}
