/**
 * Norwegian identity and organisation numbers (service owner API, section 8.9): digits of the right count whose control
 * digits hold. Dates and registers are not consulted, so D-numbers and synthetic numbers pass too.
 */

const organizationWeights = [3, 2, 7, 6, 5, 4, 3, 2];
const personWeights1 = [3, 7, 6, 1, 8, 9, 4, 5, 2];
const personWeights2 = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];

export function isOrganizationNumber(text: string): boolean {
  return /^[0-9]{9}$/.test(text) && controlDigit(text, organizationWeights) === Number(text[8]);
}

export function isPersonNumber(text: string): boolean {
  return (
    /^[0-9]{11}$/.test(text) &&
    controlDigit(text, personWeights1) === Number(text[9]) &&
    controlDigit(text, personWeights2) === Number(text[10])
  );
}

/** Modulus 11 over as many leading digits as there are weights. 10 is never a digit, so it matches none. */
function controlDigit(digits: string, weights: readonly number[]): number {
  const sum = weights.reduce((total, weight, index) => total + weight * Number(digits[index]), 0);
  const remainder = sum % 11;
  return remainder === 0 ? 0 : 11 - remainder;
}
