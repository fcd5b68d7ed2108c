import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { isAbsent } from './process-identity.ts';
import type { ProcessName } from './server-process.ts';

/**
 * A TCP port on the loopback address that nobody listens on.
 *
 * It lies below the range from which the kernel takes ports for outgoing connections (32768 and up on Linux). A server
 * that is stopped for a while would otherwise find its port taken by some client's connection, or its own clients
 * connected to themselves.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(15_000, 32_000);
    if ((await whyNotListen(port)) === undefined) return port;
  }
  throw new Error('No free port was found between 15000 and 32000 in 100 attempts');
}

/** The port that this process had in this data folder before, if it is still free: addresses that were noted stay good. */
export async function keptPort(dataDir: string, name: ProcessName): Promise<number> {
  const file = path.join(dataDir, `${name}.port`);
  const kept = Number(readIfThere(file));
  if (Number.isInteger(kept) && kept > 0 && (await whyNotListen(kept)) === undefined) return kept;
  const port = await freePort();
  writeFileSync(file, String(port));
  return port;
}

/** The system's reason why a server could not listen on this port of the loopback address now (`EADDRINUSE`), if any. */
export function whyNotListen(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (err) => resolve('code' in err ? String(err.code) : err.message));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (err) {
    if (isAbsent(err)) return undefined;
    throw err;
  }
}
