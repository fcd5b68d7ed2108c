import type { BenchStack } from './bench-stack.ts';
import { generateLoad } from './generate-load.ts';
import { createDialog, requireStatus } from './requests.ts';

const measured = new WeakMap<BenchStack, Promise<number>>();

/**
 * The most creates a second that are applied and whose events are relayed meanwhile, measured once for each stack. What
 * can be accepted for long is no more: the lanes are no place to keep dialogs.
 */
export function peakOf(stack: BenchStack, seconds: number): Promise<number> {
  const peak = measured.get(stack) ?? measure(stack, seconds);
  measured.set(stack, peak);
  return peak;
}

async function measure(stack: BenchStack, seconds: number): Promise<number> {
  const peak = await generateLoad({ ...createDialog(stack), connections: 256, seconds });
  requireStatus(peak, 201);
  // Its events are still on their way; what they cost belongs to the peak.
  await stack.untilRelayed();
  return peak.perSecond;
}
