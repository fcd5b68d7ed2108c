import { isValueFault, sqlStateOf } from '@dialog/database/faults';

/** decide threw on this command: a bug, or a payload that our own contract does not allow. */
export class DecisionFault extends Error {
  constructor(commandId: string, cause: unknown) {
    super(`Command ${commandId} could not be decided`, { cause });
    this.name = 'DecisionFault';
  }
}

/** Whether a fault comes from what a command holds. Any other is the infrastructure's, and the lane waits it out. */
export function isPoison(error: unknown): boolean {
  return error instanceof DecisionFault || isValueFault(error);
}

/** A line for the log and the dead letter: what failed and why. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'Unknown fault';
  const cause = error.cause instanceof Error ? `: ${error.cause.name}: ${error.cause.message}` : '';
  const state = sqlStateOf(error);
  return `${error.name}: ${error.message}${state === undefined ? '' : ` (SQLSTATE ${state})`}${cause}`;
}
