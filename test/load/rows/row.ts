import type { BenchStack } from '../bench-stack.ts';
import type { BenchRow } from '../results.ts';

export type BenchSettings = {
  /** How often each side of a comparison is measured, in turn. */
  rounds: number;
  /** Length of one measurement. */
  seconds: number;
  /** For how long memory is watched. */
  memorySeconds: number;
  /** Dialogs that become visible at once. */
  appearances: number;
  /** Dialogs to search, and pages to read of each kind. */
  dialogs: number;
  pages: number;
  /** Dialogs in the larger of two databases. */
  grownDialogs: number;
  /** Whether to say how Postgres carries out its statements. */
  plans: boolean;
};

export type Bench = {
  name: string;
  about: string;
  /** Takes too long for `--quick`, which runs it only by its name. */
  long?: boolean;
  run(stack: BenchStack, settings: BenchSettings, say: (line: string) => void): Promise<BenchRow[]>;
};
