const firstPersonWeights = [3, 7, 6, 1, 8, 9, 4, 5, 2];
const secondPersonWeights = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
const organizationWeights = [3, 2, 7, 6, 5, 4, 3, 2];

/** Whether this is a national identity number or a D-number: eleven digits, the last two of them control digits. */
export function isPersonNumber(text: string): boolean {
  return (
    /^\d{11}$/.test(text) &&
    digitAt(text, 9) === controlDigit(text, firstPersonWeights) &&
    digitAt(text, 10) === controlDigit(text, secondPersonWeights)
  );
}

/** Whether this is an organisation number: nine digits, the last of them a control digit. */
export function isOrganizationNumber(text: string): boolean {
  return /^\d{9}$/.test(text) && digitAt(text, 8) === controlDigit(text, organizationWeights);
}

/** Modulus 11. The result 10 is no digit, so a number that needs it was never issued. */
function controlDigit(text: string, weights: readonly number[]): number {
  const sum = weights.reduce((total, weight, index) => total + weight * digitAt(text, index), 0);
  return (11 - (sum % 11)) % 11;
}

function digitAt(text: string, index: number): number {
  return text.charCodeAt(index) - 48;
}
