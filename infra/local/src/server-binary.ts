import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { fetchDebianPackages, findUnpacked } from './debian-packages.ts';

/** Programs fetched from Debian, for all data folders of this clone. */
const debianFolder = path.join(import.meta.dirname, '../../../.data/debian');

export type ServerBinary = { file: string; env: Readonly<Record<string, string>> };

/** Servers that npm does not have: the program, and how to do without ours. */
const programs = {
  'redis-server': {
    variable: 'REDIS_URL',
    docker:
      'docker run -d -p 6379:6379 redis:7 --appendonly yes --appendfsync always --maxmemory-policy noeviction, ' +
      'with REDIS_URL=redis://127.0.0.1:6379',
  },
  'nats-server': {
    variable: 'NATS_URL',
    docker: 'docker run -d -p 4222:4222 nats:2 -js, with NATS_URL=nats://127.0.0.1:4222',
  },
} as const;

export type ServerProgramName = keyof typeof programs;
const programNames: readonly ServerProgramName[] = ['redis-server', 'nats-server'];

/**
 * Finds a program: on PATH, where Debian installs servers (not on everybody's PATH), or among Debian's packages, which
 * are fetched when need be, all that this machine lacks in one go.
 *
 * @throws with the ways out, when it cannot be had
 */
export async function findServerBinary(name: ServerProgramName): Promise<ServerBinary> {
  const present = findBinary(name);
  if (present !== undefined) return present;

  let problem = 'is neither on PATH nor in /usr/sbin';
  const missing = programNames.filter((it) => onPath(it) === undefined);
  console.error(`Fetching ${missing.join(' and ')} from Debian's packages into ${debianFolder}; nothing is installed.`);
  try {
    await fetchDebianPackages(debianFolder, missing);
  } catch (err) {
    problem += `, and Debian's packages could not be fetched (${firstLine(err)})`;
  }
  const fetched = findBinary(name);
  if (fetched === undefined) throw new Error(wayOut(name, problem));
  return fetched;
}

function findBinary(name: ServerProgramName): ServerBinary | undefined {
  const file = onPath(name);
  if (file !== undefined) return { file, env: {} };
  const unpacked = findUnpacked(debianFolder, name);
  return unpacked && { file: unpacked.file, env: { LD_LIBRARY_PATH: unpacked.libraryPath } };
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function wayOut(name: ServerProgramName, problem: string): string {
  const { variable, docker } = programs[name];
  return (
    `${name} ${problem}. Install it (Debian: apt-get install ${name}), ` +
    `or set ${variable} to one that runs already, or start one with Docker: ${docker}`
  );
}

function firstLine(err: unknown): string {
  const text = err instanceof Error ? ('stderr' in err && String(err.stderr).trim()) || err.message : String(err);
  return text.split('\n')[0] ?? text;
}
