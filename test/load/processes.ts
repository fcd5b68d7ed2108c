import { readdirSync, readFileSync } from 'node:fs';

/** A process as `/proc` shows it, which only Linux has. */
type Process = {
  parent: number;
  /** User and system, its own. */
  cpuSeconds: number;
  /** The same of children that have ended. */
  endedChildrenCpuSeconds: number;
  residentBytes: number;
};

/** Linux shows times in hundredths of a second to programs, whatever the kernel's own clock. */
const ticksPerSecond = 100;
const pageBytes = 4_096;

/** All processes, by their numbers; none where there is no `/proc`. */
function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const name of namesIn('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const one = processOf(pid);
    if (one !== undefined) found.set(pid, one);
  }
  return found;
}

function processOf(pid: number): Process | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has ended since.
    return undefined;
  }
  // What stands before, the name in brackets, may hold blanks. The first field here is the third of all.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number) => fields[number - 3] ?? 0;
  return {
    parent: field(4),
    cpuSeconds: (field(14) + field(15)) / ticksPerSecond,
    endedChildrenCpuSeconds: (field(16) + field(17)) / ticksPerSecond,
    residentBytes: field(24) * pageBytes,
  };
}

/** CPU seconds so far of each of these processes, with all that they started: Postgres has one for each connection. */
export function cpuSecondsOf(pids: ReadonlyMap<string, number>): Map<string, number> {
  const all = processes();
  const childrenOf = Map.groupBy(all, ([, { parent }]) => parent);
  const total = (pid: number): number => {
    const { cpuSeconds = 0, endedChildrenCpuSeconds = 0 } = all.get(pid) ?? {};
    const children = (childrenOf.get(pid) ?? []).reduce((sum, [child]) => sum + total(child), 0);
    return cpuSeconds + endedChildrenCpuSeconds + children;
  };
  return new Map([...pids].map(([name, pid]) => [name, total(pid)]));
}

/** What a process holds in memory; undefined when it is gone. */
export function residentBytesOf(pid: number): number | undefined {
  return processOf(pid)?.residentBytes;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
