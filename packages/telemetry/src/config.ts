import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { logLevels } from './logger.ts';

/** Thrown for environment variables with unusable values. The message has one line for each, beginning with its name. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
}

/**
 * Reads a process' settings. `schema` is an object keyed by variable name, usually with a transform to the names that
 * the code uses. An empty variable counts as absent.
 *
 * A wrong value is printed on standard error, one line per variable, and ends the process with code 1. The value itself
 * is not printed: it may hold a password.
 */
export function readConfig<Config>(schema: z.ZodType<Config>, env: NodeJS.ProcessEnv): Config {
  try {
    return parseConfig(schema, env);
  } catch (err) {
    if (!(err instanceof ConfigurationError)) throw err;
    process.stderr.write(`${err.message}\n`);
    process.exit(1);
  }
}

/** As `readConfig`, for callers that go on. @throws ConfigurationError */
export function parseConfig<Config>(schema: z.ZodType<Config>, env: NodeJS.ProcessEnv): Config {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  const lines = new Map<string, string>();
  for (const { path, message } of result.error.issues) {
    const variable = String(path[0] ?? 'Configuration');
    const problem = path[0] !== undefined && present[String(path[0])] === undefined ? 'must be set' : message;
    // The first complaint about a variable is enough; the others usually follow from it.
    if (!lines.has(variable)) lines.set(variable, `${variable}: ${problem}`);
  }
  throw new ConfigurationError([...lines.values()].join('\n'));
}

/** A whole number in decimal digits, from `min` to `max`. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, error)
    .transform(Number)
    .pipe(z.number(error).min(min, error).max(max, error));
}

/** A TCP port. 0 lets the kernel choose one. */
export const port = wholeNumber(0, 65_535);

/** A time span in milliseconds, as the name of its variable should say (`…_MS`). */
export function durationMs(min: number, max: number) {
  return wholeNumber(min, max);
}

/** `true` or `false`. */
export const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

export const logLevel = z.enum(logLevels, `must be one of ${logLevels.join(', ')}`);

/** The path of a file that can be read now. */
export const readableFile = z.string().transform((file, context) => {
  readText(file, context);
  return file;
});

const secretLengthMin = 32;

/** The path of a file with a secret. Comes out as its text, without white space around it. */
export const secretFile = z
  .string()
  .transform(readText)
  .pipe(z.string().min(secretLengthMin, `must name a file that holds at least ${secretLengthMin} characters`));

function readText(file: string, context: z.RefinementCtx<string>): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (err) {
    const code = err instanceof Error && 'code' in err ? ` (${String(err.code)})` : '';
    context.addIssue({ code: 'custom', message: `must name a file that can be read${code}` });
    return z.NEVER;
  }
}

/** An absolute URL of one of the schemes (`['postgres', 'postgresql']`), as written. */
export function url(schemes: readonly string[]) {
  return z.string().refine((text) => schemes.includes(schemeOf(text)), {
    error: `must be a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
  });
}

/**
 * The base address of a service that is trusted for who is who (`isTrustedAddress`). Comes out without a slash at the
 * end.
 */
export const trustedUrl = z
  .string()
  .refine(isTrustedAddress, { error: 'must be an https:// URL (http:// only for localhost, 127.0.0.1 or [::1])' })
  .transform((text) => text.replace(/\/+$/, ''));

/** https, or plain http on this machine alone, where nobody can stand in between. */
export function isTrustedAddress(text: string): boolean {
  return schemeOf(text) === 'https' || (schemeOf(text) === 'http' && isLoopback(new URL(text).hostname));
}

/** Comma-separated values, at least one, each as `item` wants it. White space around them does not count. */
export function listOf<Item>(item: z.ZodType<Item, string>) {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item).min(1));
}

function schemeOf(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol.slice(0, -1) : '';
}

function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}
