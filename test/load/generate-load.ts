import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { type LoadRequest, type LoadResult, loadResult } from './load-generator.ts';

const generator = path.join(import.meta.dirname, 'load-generator.ts');

/** Runs the load generator in its own process. @throws when it cannot be run; answers of any status are a result */
export async function generateLoad(request: LoadRequest): Promise<LoadResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [generator, JSON.stringify(request)], {
    maxBuffer: 256 * 1024 * 1024,
  });
  return loadResult.parse(JSON.parse(stdout));
}
