import { createWriteStream, rmSync, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** Files that lines are written to. Each is there when it has a first line. */
export type LineFiles = {
  /** A function that adds a line, and resolves when it may be followed by others. */
  open(path: string): (line: string) => Promise<void>;
  /** @throws when something could not be written */
  close(): Promise<void>;
};

/** @param keep adds to what is in the files; else they begin anew */
export function openLineFiles({ keep }: { keep: boolean }): LineFiles {
  const streams: WriteStream[] = [];

  return {
    open(path) {
      let stream: WriteStream | undefined;
      if (!keep) rmSync(path, { force: true });
      return async (line) => {
        if (stream === undefined) {
          stream = createWriteStream(path, { flags: 'a' });
          streams.push(stream);
        }
        if (stream.write(`${line}\n`)) return;
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        stream.once('drain', resolve).once('error', reject);
        await promise;
        stream.off('error', reject);
      };
    },
    async close() {
      for (const stream of streams) stream.end();
      await Promise.all(streams.map((stream) => finished(stream)));
    },
  };
}
