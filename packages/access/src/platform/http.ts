import type { Logger } from '@dialog/telemetry/logger';
import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  circuitBreaker,
  decorrelatedJitterGenerator,
  ExponentialBackoff,
  handleType,
  type IPolicy,
  retry,
  wrap,
} from 'cockatiel';
import { z } from 'zod';
import { UpstreamFailure } from '../upstream-failure.ts';

/** One call of another system. `operation` names it in errors and logs, and is what the circuit breaker counts by. */
export type UpstreamRequest = {
  operation: string;
  url: string;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string | URLSearchParams;
  /** Whether a 400 tells of our settings, and of nobody that an end user or a service owner has asked about. */
  isAboutUs?: boolean;
};

export type UpstreamSettings = {
  /** For one attempt. Callers have shorter limits of their own; what comes later still fills their caches. */
  attemptTimeoutMs: number;
  retries: number;
  /** Median pause before the first retry. Later ones are longer, and all vary, so that callers do not come in step. */
  retryDelayMs: number;
  /** So many failed attempts of an operation in a row, and calls fail at once, until a trial call succeeds. */
  breakAfterFailures: number;
  trialAfterMs: number;
};

const upstreamDefaults: UpstreamSettings = {
  attemptTimeoutMs: 30_000,
  retries: 3,
  retryDelayMs: 1_000,
  breakAfterFailures: 8,
  trialAfterMs: 5_000,
};

/**
 * Calls other systems over HTTP. Network errors, timeouts, 408 and 5xx are tried again; other statuses are answers.
 *
 * @throws UpstreamFailure, and nothing else
 */
export type Upstream = {
  readText: (request: UpstreamRequest) => Promise<string>;
  /** Parses the answer with the schema, which must name all members in lower case: letter case of names is ignored. */
  readJson: <T>(request: UpstreamRequest, schema: z.ZodType<T>) => Promise<T>;
};

/** A failure that may be over when we ask again. */
class TransientFailure extends UpstreamFailure {}

export function createUpstream(changed: Partial<UpstreamSettings>, log: Logger): Upstream {
  const settings = { ...upstreamDefaults, ...changed };
  const policies = new Map<string, IPolicy>();

  return {
    readText,
    async readJson(request, schema) {
      const text = await readText(request);
      try {
        return schema.parse(lowerCasedNames(JSON.parse(text)));
      } catch (err) {
        // zod's own message lists values of the answer's members; the paths are enough to find the fault.
        const cause = err instanceof z.ZodError ? new Error(err.issues.map(({ path }) => path.join('.')).join()) : err;
        throw new UpstreamFailure(request.operation, 'the answer makes no sense', { cause });
      }
    },
  };

  async function readText(request: UpstreamRequest): Promise<string> {
    try {
      return await policyOf(request.operation).execute(() => attempt(request, settings.attemptTimeoutMs));
    } catch (err) {
      if (!(err instanceof BrokenCircuitError)) throw err;
      throw new UpstreamFailure(request.operation, 'not asked, it failed too often', { cause: err });
    }
  }

  function policyOf(operation: string): IPolicy {
    const policy = policies.get(operation) ?? createPolicy(operation);
    policies.set(operation, policy);
    return policy;
  }

  function createPolicy(operation: string): IPolicy {
    const transient = handleType(TransientFailure);
    const retrying = retry(transient, {
      maxAttempts: settings.retries,
      backoff: new ExponentialBackoff({
        generator: decorrelatedJitterGenerator,
        initialDelay: settings.retryDelayMs,
      }),
    });
    const breaking = circuitBreaker(transient, {
      halfOpenAfter: settings.trialAfterMs,
      breaker: new ConsecutiveBreaker(settings.breakAfterFailures),
    });
    retrying.onRetry(({ attempt, delay }) => log.warn({ operation, attempt, delayMs: delay }, 'upstream call retried'));
    breaking.onBreak(() => log.warn({ operation }, 'upstream given up for now'));
    breaking.onReset(() => log.info({ operation }, 'upstream back'));
    return wrap(retrying, breaking);
  }
}

async function attempt(request: UpstreamRequest, timeoutMs: number): Promise<string> {
  const { operation, url, method = 'GET', headers = {}, body } = request;
  const signal = AbortSignal.timeout(timeoutMs);
  let answer: { ok: boolean; status: number; text: string };
  try {
    const response = await fetch(url, { method, headers, signal, ...(body !== undefined && { body }) });
    answer = { ok: response.ok, status: response.status, text: await response.text() };
  } catch (err) {
    throw new TransientFailure(operation, 'no answer', { cause: err });
  }
  const { ok, status, text } = answer;
  if (ok) return text;
  if (status === 408 || status >= 500) throw new TransientFailure(operation, `status ${status}`, { status });
  const isTold = status === 401 || status === 403 || (status === 400 && request.isAboutUs === true);
  throw new UpstreamFailure(operation, `status ${status}${isTold ? reasonIn(text) : ''}`, { status });
}

const refusal = z
  .object({ error: z.string(), error_description: z.string(), message: z.string(), title: z.string() })
  .partial();
const reasonLengthMax = 300;

/** Why we were refused, as far as the answer says so in a usual way; in its numbers and addresses there may be persons. */
function reasonIn(text: string): string {
  const { error, error_description, message, title } = refusal.safeParse(jsonOf(text)).data ?? {};
  const told = [error, error_description ?? message ?? title].filter((part) => part !== undefined).join(': ');
  const reason = told.replaceAll(/\S*@\S*|\d{6,}/g, '***').slice(0, reasonLengthMax);
  return reason === '' ? '' : ` (${reason})`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The platform's services do not agree on the letter case of names, one even with itself. */
function lowerCasedNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerCasedNames);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.toLowerCase(), lowerCasedNames(member)]),
  );
}
