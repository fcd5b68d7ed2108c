import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields that hold a secret, a person or a citizen's case; compared in lower case. */
const secretFields = new Set([
  ...['authorization', 'cookie', 'token', 'accesstoken', 'access_token', 'assertion', 'password'],
  ...['body', 'payload', 'party', 'actorid', 'pid'],
]);
const depthMax = 5;

const redacted = '[redacted]';

/** Also as they look inside a URL, where a colon is %3A. What follows the last colon is the secret. */
const personUrn = /(urn(?::|%3a)altinn(?::|%3a)person(?::|%3a)[a-z-]+(?::|%3a))[^\s"'\\,;&<>()[\]{}]+/gi;
const jsonWebToken = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g;

/**
 * Writes JSON lines to standard output: one per event that matters, message constant, values as fields.
 *
 * Three nets keep persons and secrets out: known fields are blanked, errors are reduced to members known to be
 * harmless (an error of a library may carry the token or the row that it failed on), and what is left of person URNs
 * and tokens inside any text is masked when the line is written.
 *
 * @param destination where lines go instead of standard output
 */
export function createLogger(service: string, level: LogLevel, destination?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: { service },
    formatters: {
      level: (label: string) => ({ level: label }),
      // Instead of pino's own redaction, whose wildcard paths made a line cost 25 µs instead of 3.
      log: (fields: object) => Object.fromEntries(withoutSecrets(fields)),
    },
    timestamp: pino.stdTimeFunctions.isoTime,
    // The fields of a child logger do not pass the formatter above; bind plain values to it, not objects.
    redact: { paths: [...secretFields, 'Authorization', 'accessToken', 'actorId'], censor: redacted },
    serializers: { err: (described: unknown) => described },
    hooks: { streamWrite: maskPersons },
  };
  return pino(options, destination ?? pino.destination(standardOutput));
}

/**
 * Lines are written some at a time: a call of the system for each took a tenth of the gateway's time. They are written at
 * the end of the process too, unless a signal ends it that nobody handles.
 */
const standardOutput = {
  ...{ dest: 1, sync: false },
  /** Bytes. */
  ...{ minLength: 8 * 1024, maxLength: 16 * 1024 * 1024 },
  /** Milliseconds. */
  periodicFlush: 100,
};

/** Replaces the identifying part of person URNs, and whole JSON Web Tokens. */
export function maskPersons(text: string): string {
  return text.replace(personUrn, `$1${redacted}`).replace(jsonWebToken, redacted);
}

function* withoutSecrets(fields: object, depth = 0): Iterable<[string, unknown]> {
  for (const [name, value] of Object.entries(fields)) {
    yield [name, secretFields.has(name.toLowerCase()) ? redacted : harmless(value, depth + 1)];
  }
}

function harmless(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describeError(value, depth);
  if (depth > depthMax) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => harmless(item, depth + 1));
  // What prints itself (a date, a URL) is one value.
  if ('toJSON' in value) return value;
  return Object.fromEntries(withoutSecrets(value, depth));
}

/** Names what failed, in terms of code and schema: of all that libraries hang on errors, these carry no data. */
const harmlessFields = ['code', 'errno', 'syscall', 'operation', 'status', 'severity', 'schema', 'table', 'constraint'];

function describeError(err: unknown, depth: number): object | string {
  if (!(err instanceof Error)) return `A ${typeof err} was thrown that is no Error.`;
  const known = Object.entries(err).filter(([name]) => harmlessFields.includes(name));
  return {
    type: err.name,
    message: err.message,
    ...(err.stack !== undefined && { stack: err.stack }),
    ...Object.fromEntries(known),
    ...(err.cause !== undefined && depth < depthMax && { cause: describeError(err.cause, depth + 1) }),
    ...(err instanceof AggregateError &&
      depth < depthMax && { errors: err.errors.map((inner) => describeError(inner, depth + 1)) }),
  };
}
