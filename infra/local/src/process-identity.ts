import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

/** A process as written to a file, so that a later run can tell whether it still lives. */
const processRecord = z.object({ pid: z.int().positive(), identity: z.string().min(1) });

/** Remembers a running process in `file`. */
export function recordProcess(file: string, pid: number): void {
  const identity = identityOf(pid);
  if (identity === undefined) throw new Error(`Process ${pid} was gone before it could be recorded in ${file}`);
  writeFileSync(file, JSON.stringify({ pid, identity }));
}

/** The id of the process that `file` remembers, or undefined when there is none or it no longer runs. */
export function livingProcess(file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (err) {
    if (isAbsent(err)) return undefined;
    throw err;
  }
  // A machine that lost power can leave the file empty: then nothing of that time runs any more.
  const record = text.trim() === '' ? undefined : processRecord.parse(JSON.parse(text));
  return record !== undefined && identityOf(record.pid) === record.identity ? record.pid : undefined;
}

/**
 * What tells a process from a later one that was given the same id: when it began. On Linux that is a count of ticks
 * since boot, so the boot's own id goes with it. Undefined when there is no such process.
 */
function identityOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // The second field is the program's name in brackets and may itself hold spaces and brackets.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [state, startTicks] = [fields[0], fields[19]];
      if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined;
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${startTicks}`;
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

export function isAbsent(err: unknown): boolean {
  return err instanceof Error && 'code' in err && err.code === 'ENOENT';
}
