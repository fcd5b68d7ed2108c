#!/usr/bin/env node
/**
 * `npm run ingest -- file.ndjson`: writes what the lines of files say, shows how far it is, and keeps the lines that
 * failed. A user of this package's bulk writer.
 */
import { exampleLines } from './example-lines.ts';
import { type IngestArguments, readArguments, usage } from './ingest-arguments.ts';
import { ingestFile, messageOf } from './ingest-file.ts';

/** npm hands a Ctrl-C on that the terminal has already given to both. */
const sameSignalMs = 500;
const reachMs = 10_000;

// Not by running out of work: standard input may still be open.
process.exit(await run(process.argv.slice(2)));

async function run(args: string[]): Promise<number> {
  let parsed: ReturnType<typeof readArguments>;
  try {
    parsed = readArguments(args, process.env);
  } catch (err) {
    process.stderr.write(`${messageOf(err)}\n\n${usage}`);
    return 2;
  }
  if (parsed === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  if ('exampleLines' in parsed) {
    for (const line of exampleLines(parsed.exampleLines)) process.stdout.write(`${JSON.stringify(line)}\n`);
    return 0;
  }
  try {
    return await ingestAll(parsed);
  } catch (err) {
    process.stderr.write(`${messageOf(err)}\n`);
    return 2;
  }
}

/** @throws when there is no file, no service, or no token */
async function ingestAll(args: IngestArguments): Promise<number> {
  await args.token();
  await fetch(`${args.url.replace(/\/+$/, '')}/health`, { signal: AbortSignal.timeout(reachMs) }).catch(
    (err: unknown) => {
      throw new Error(`${args.url} cannot be reached.`, { cause: err });
    },
  );

  const leaving = new AbortController();
  let stopWriting = () => {};
  let stoppedAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);

  let code = 0;
  for (const file of args.files) {
    const { allApplied, ended, err } = await ingestFile(file, args, {
      signal: leaving.signal,
      onBegun: (write) => {
        stopWriting = write.stop;
      },
    });
    if (!allApplied) code = 1;
    if (err !== undefined && !leaving.signal.aborted) {
      process.stderr.write(`${messageOf(err)}\n`);
      return ended === 0 ? 2 : 1;
    }
    if (stoppedAt !== undefined) return 1;
  }
  return code;

  function stop(): void {
    const now = performance.now();
    if (stoppedAt === undefined) {
      stoppedAt = now;
      process.stderr.write('\nStopping when what has been read has ended. Again, to leave it.\n');
      stopWriting();
    } else if (now - stoppedAt > sameSignalMs) {
      leaving.abort(new Error('It was left before what had been sent ended.'));
    }
  }
}
