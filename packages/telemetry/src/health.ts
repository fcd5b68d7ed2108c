import { createServer } from 'node:http';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { Registry } from 'prom-client';
import type { Logger } from './logger.ts';

/**
 * Something that this process cannot work without (`critical`), or works worse without.
 * `check` resolves when it is usable and rejects when not; one that takes longer than `timeoutMs` has failed.
 */
export type HealthCheck = { name: string; critical: boolean; timeoutMs: number; check: () => Promise<void> };

export type HealthState = 'Healthy' | 'Degraded' | 'Unhealthy';
type CheckReport = { name: string; state: HealthState; durationMs: number };
type HealthReport = { state: HealthState; durationMs: number; checks: CheckReport[] };

/** A check that answers, but slower than this, counts as degraded. */
const slowMs = 5000;

type HealthDeps = {
  checks: readonly HealthCheck[];
  /** What lies outside, and is asked only by who wants to know it. */
  deepChecks?: readonly HealthCheck[];
  registry: Registry;
  log: Logger;
};

/**
 * Routes for orchestrators and dashboards; anonymous, so they say that something fails, and only the log says why.
 *
 * `/health/liveness` is the process alone, `/health/readiness` what is critical, `/health/startup` and `/health`
 * everything, `/health/deep` other systems besides. 200 when healthy or degraded, 503 when a critical check fails. `/metrics` is for Prometheus.
 */
export function healthRoutes({ checks, deepChecks = [], registry, log }: HealthDeps): Hono {
  const all = checks.map((check) => watched(check, log));
  const critical = all.filter((_, index) => checks[index]?.critical === true);
  const app = new Hono();
  for (const [path, chosen] of [
    ['/health/liveness', []],
    ['/health/readiness', critical],
    ['/health/startup', all],
    ['/health', all],
    ['/health/deep', [...all, ...deepChecks.map((check) => watched(check, log))]],
  ] as const) {
    app.get(path, async (c) => {
      const report = await run(chosen);
      return c.json(report, report.state === 'Unhealthy' ? 503 : 200, { 'Cache-Control': 'no-store' });
    });
  }
  app.get('/metrics', async (c) => c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType }));
  return app;
}

/**
 * Serves the routes alone, for a process that speaks no HTTP otherwise.
 *
 * @param port 0 lets the kernel choose; the result tells which it is
 * @throws when the port is taken
 */
export async function serveHealth(
  deps: HealthDeps,
  { port, hostname }: { port: number; hostname?: string },
): Promise<{ port: number; close: () => Promise<void> }> {
  const { fetch } = healthRoutes(deps);
  return new Promise((resolve, reject) => {
    const server = serve(
      { fetch, port, ...(hostname !== undefined && { hostname }), createServer },
      ({ port: actual }) => {
        server.off('error', reject);
        resolve({ port: actual, close });
      },
    );
    server.once('error', reject);

    function close(): Promise<void> {
      return new Promise((closed, failed) => {
        server.close((err) => (err === undefined ? closed() : failed(err)));
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    }
  });
}

async function run(checks: readonly (() => Promise<CheckReport>)[]): Promise<HealthReport> {
  const startedAt = performance.now();
  const reports = await Promise.all(checks.map((check) => check()));
  const states = new Set(reports.map(({ state }) => state));
  const state = states.has('Unhealthy') ? 'Unhealthy' : states.has('Degraded') ? 'Degraded' : 'Healthy';
  return { state, durationMs: Math.round(performance.now() - startedAt), checks: reports };
}

/**
 * Runs a check at most once at a time, whoever asks: probes that come quicker than a hanging dependency answers must
 * not pile up on it. Changes of state are logged, steady trouble is not.
 */
function watched({ name, critical, timeoutMs, check }: HealthCheck, log: Logger): () => Promise<CheckReport> {
  let lastState: HealthState = 'Healthy';
  let running: Promise<void> | undefined;

  return async () => {
    const startedAt = performance.now();
    // Not in a finally of its own: a check that throws at once would be done before it is assigned.
    running ??= started().finally(() => {
      running = undefined;
    });
    let state: HealthState = 'Healthy';
    let reason: unknown;
    try {
      await within(running, timeoutMs);
      if (performance.now() - startedAt > slowMs) state = 'Degraded';
    } catch (err) {
      state = critical ? 'Unhealthy' : 'Degraded';
      reason = err;
    }
    const durationMs = Math.round(performance.now() - startedAt);
    if (state !== lastState) {
      if (state === 'Healthy') log.info({ check: name, state, durationMs }, 'health check recovered');
      else log.warn({ check: name, state, durationMs, err: reason }, 'health check failed');
      lastState = state;
    }
    return { name, state, durationMs };
  };

  async function started(): Promise<void> {
    await check();
  }
}

async function within(promise: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
