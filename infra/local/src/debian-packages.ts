import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const downloadTimeoutMs = 300_000;

/**
 * Fetches packages with Debian's own tools and unpacks them into a folder, without installing anything: no root, no
 * service started, no default port taken. Packages that they need and that the system lacks come along.
 *
 * @param folder holds the unpacked files in `root`; kept, so that this happens once
 * @throws when apt-get is absent or cannot reach its sources; its message holds apt's own words
 */
export async function fetchDebianPackages(folder: string, packages: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  // Two processes may do this at once: each works in its own folder, and unpacked files are moved into place whole.
  const work = path.join(folder, `work-${process.pid}`);
  const [lists, cache, root] = [path.join(work, 'lists'), path.join(work, 'cache'), path.join(work, 'root')];
  for (const made of [path.join(lists, 'partial'), path.join(cache, 'archives', 'partial'), root]) {
    mkdirSync(made, { recursive: true });
  }
  const options = [
    '-qq',
    ...['-o', `Dir::State::lists=${lists}`],
    ...['-o', `Dir::Cache=${cache}`],
    ...['-o', 'Debug::NoLocking=1'],
    // As root, apt-get would download as a user that may not enter this folder.
    ...(process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : []),
  ];
  const apt = (...args: string[]) => run('apt-get', [...options, ...args], { cwd: work, timeout: downloadTimeoutMs });
  try {
    await apt('update');
    const plan = await apt('install', '--print-uris', '-y', '--no-install-recommends', ...packages);
    // One line per package file: 'address' name_version_architecture.deb size checksum
    const missing = [...plan.stdout.matchAll(/^'[^']+' ([^_\s]+)_\S+\.deb /gm)].flatMap((match) => match[1] ?? []);
    await apt('download', ...new Set([...packages, ...missing]));
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', path.join(work, file), root]);
    }
    const target = path.join(folder, 'root');
    rmSync(target, { recursive: true, force: true });
    renameSync(root, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Where a program of the unpacked packages lies, and the folders of the libraries that came along. */
export function findUnpacked(folder: string, program: string): { file: string; libraryPath: string } | undefined {
  const root = path.join(folder, 'root');
  const file = ['usr/bin', 'usr/sbin', 'bin'].map((bin) => path.join(root, bin, program)).find((it) => existsSync(it));
  if (file === undefined) return undefined;
  const libraries = ['usr/lib', 'lib'].flatMap((name) => {
    const base = path.join(root, name);
    if (!existsSync(base)) return [];
    const multiarch = readdirSync(base).filter((entry) => entry.endsWith('-linux-gnu'));
    return [...multiarch.map((entry) => path.join(base, entry)), base];
  });
  return { file, libraryPath: libraries.join(':') };
}
