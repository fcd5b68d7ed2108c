import type { BenchStack } from '../bench-stack.ts';
import type { LoadRequest, LoadResult } from '../load-generator.ts';
import type { BenchRow } from '../table.ts';

export type BenchSettings = {
  /** How often each side of a comparison is measured, in turn. */
  rounds: number;
  /** Length of one measurement. */
  seconds: number;
  /** Appends to the hot dialog. */
  appends: number;
  /** Dialogs that become visible at once. */
  appearances: number;
  /** Dialogs to search, and pages to read of each kind. */
  dialogs: number;
  pages: number;
  /** Whether to say how Postgres carries out its statements. */
  plans: boolean;
};

export type Bench = {
  name: string;
  about: string;
  run(stack: BenchStack, settings: BenchSettings, say: (line: string) => void): Promise<BenchRow[]>;
};

/** A request of the service owner of the bench. */
export function post(
  stack: BenchStack,
  url: string,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Pick<LoadRequest, 'url' | 'method' | 'headers' | 'body'> {
  return {
    url,
    method: 'POST',
    headers: { Authorization: `Bearer ${stack.token}`, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** A figure counts only if every answer was the one expected. */
export function requireStatus({ statuses }: LoadResult, status: number): void {
  if (Object.keys(statuses).some((seen) => seen !== String(status))) {
    throw new Error(`Expected ${status} alone, got ${JSON.stringify(statuses)}.`);
  }
}
