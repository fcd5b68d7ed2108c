/** Why no event can be made of a row of the outbox: what zod says of its members, or that there is no such event. */
export function unreadableBecause(err: unknown): string {
  return err instanceof Error ? err.message : 'unknown fault';
}
