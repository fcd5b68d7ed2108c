/** So many organisations with valid numbers (modulus 11), from the first of eight digits on. */
export function organisations(first: number, count: number): string[] {
  const found: string[] = [];
  for (let digits = first; found.length < count; digits += 1) {
    const sum = [3, 2, 7, 6, 5, 4, 3, 2].reduce((total, weight, at) => total + weight * Number(String(digits)[at]), 0);
    const control = (11 - (sum % 11)) % 11;
    if (control < 10) found.push(`urn:altinn:organization:identifier-no:${digits}${control}`);
  }
  return found;
}

/** Those whom the bench has dialogs created for where they are to be many. */
export function manyParties(): string[] {
  return organisations(91_000_000, 200_000);
}
