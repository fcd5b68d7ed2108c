const firstMs = 250;
const longestMs = 30_000;

/**
 * How long to wait before the next try: twice as long after each that failed, up to 30 s, and between half of that and
 * all of it by chance, so that not everybody comes back at the same moment.
 *
 * @param failures how many tries have failed one after the other, at least 1
 * @param chance from 0 to 1
 */
export function backOffMs(failures: number, chance: number): number {
  return Math.min(longestMs, firstMs * 2 ** (failures - 1)) * (0.5 + chance / 2);
}
