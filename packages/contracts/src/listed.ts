/** Most items that a message names. Messages are stored, and travel with others to the caller. */
const namedMax = 500;

/** Names in a message, between commas: all of them, or the first and how many more there are. */
export function listed(names: readonly string[]): string {
  if (names.length <= namedMax) return names.join(', ');
  return `${names.slice(0, namedMax).join(', ')} and ${names.length - namedMax} more`;
}
