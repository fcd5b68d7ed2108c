import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type HealthCheck, healthRoutes, serveHealth } from './health.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';

const report = z.object({
  state: z.string(),
  checks: z.array(z.object({ name: z.string(), state: z.string(), durationMs: z.number() })),
});
const registry = createMetrics('test');
const silent = createLogger('test', 'silent');

function check(name: string, change: Partial<HealthCheck> = {}): HealthCheck {
  return { name, critical: true, timeoutMs: 1000, check: () => Promise.resolve(), ...change };
}

function probed(...checks: HealthCheck[]) {
  const lines: string[] = [];
  const log = createLogger('test', 'info', { write: (line) => lines.push(line) });
  const app = healthRoutes({ checks, registry, log });
  return {
    lines,
    async get(path: string) {
      const answer = await app.request(path);
      expect(await answer.clone().text()).not.toContain('refused');
      return { status: answer.status, body: report.parse(await answer.json()) };
    },
  };
}

const down = () => Promise.reject(new Error('connection refused'));

describe('health', () => {
  afterEach(() => vi.useRealTimers());

  it('is healthy when every check passes, and reports state and duration of each', async () => {
    const { status, body } = await probed(check('postgres'), check('redis', { critical: false })).get('/health');
    expect(status).toBe(200);
    expect(body).toMatchObject({ state: 'Healthy', checks: [{ name: 'postgres' }, { name: 'redis' }] });
  });

  it('is unhealthy, 503, when a critical check fails', async () => {
    const { status, body } = await probed(check('postgres', { check: down }), check('redis')).get('/health');
    expect(status).toBe(503);
    expect(body).toMatchObject({ state: 'Unhealthy', checks: [{ state: 'Unhealthy' }, { state: 'Healthy' }] });
  });

  it('is degraded, 200, when only others fail', async () => {
    const { status, body } = await probed(check('postgres'), check('redis', { critical: false, check: down })).get(
      '/health/startup',
    );
    expect(status).toBe(200);
    expect(body.state).toBe('Degraded');
  });

  it('asks other systems only when asked deeply', async () => {
    const outside = check('outside', { check: down });
    const app = healthRoutes({ checks: [check('postgres')], deepChecks: [outside], registry, log: silent });
    const states = async (path: string) => {
      const { state, checks } = report.parse(await (await app.request(path)).json());
      return [state, ...checks.map(({ name }) => name)];
    };
    expect(await states('/health')).toEqual(['Healthy', 'postgres']);
    expect(await states('/health/deep')).toEqual(['Unhealthy', 'postgres', 'outside']);
  });

  it('asks nothing for liveness and only what is critical for readiness', async () => {
    const { get } = probed(
      check('postgres', { check: down }),
      check('throws at once', {
        check: () => {
          throw new Error('bug');
        },
      }),
      check('redis', { critical: false }),
    );
    expect(await get('/health/liveness')).toMatchObject({ status: 200, body: { state: 'Healthy', checks: [] } });
    const readiness = await get('/health/readiness');
    expect(readiness.status).toBe(503);
    expect(readiness.body.checks.map(({ name }) => name)).toEqual(['postgres', 'throws at once']);
  });

  it('is degraded by a check that answers after 5 seconds', async () => {
    vi.useFakeTimers();
    const slow = check('postgres', { timeoutMs: 20_000, check: () => delayed(5001) });
    const answer = probed(slow).get('/health');
    await vi.advanceTimersByTimeAsync(5002);
    expect(await answer).toMatchObject({ status: 200, body: { state: 'Degraded' } });
  });

  it('fails a hanging check after its time limit, and does not start it again while it hangs', async () => {
    let calls = 0;
    const { get } = probed(
      check('postgres', {
        timeoutMs: 5,
        check: () => {
          calls += 1;
          return new Promise(() => {});
        },
      }),
    );
    expect((await get('/health/readiness')).status).toBe(503);
    expect((await get('/health/readiness')).status).toBe(503);
    expect(calls).toBe(1);
  });

  it('starts a check anew that threw at once', async () => {
    let calls = 0;
    const { get } = probed(
      check('postgres', {
        check: () => {
          calls += 1;
          throw new Error('bug');
        },
      }),
    );
    await get('/health/readiness');
    await get('/health/readiness');
    expect(calls).toBe(2);
  });

  it('logs why a check fails once, and its recovery', async () => {
    let up = false;
    const { get, lines } = probed(check('postgres', { check: () => (up ? Promise.resolve() : down()) }));
    await get('/health');
    await get('/health');
    up = true;
    await get('/health');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['health check failed', 'health check recovered']);
    expect(lines[0]).toContain('connection refused');
  });

  it('serves the routes and metrics on a port of their own', async () => {
    const log = createLogger('test', 'silent');
    const server = await serveHealth({ checks: [], registry, log }, { port: 0, hostname: '127.0.0.1' });
    const base = `http://127.0.0.1:${server.port}`;
    expect((await fetch(`${base}/health`)).status).toBe(200);
    const metrics = await fetch(`${base}/metrics`);
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    expect(await metrics.text()).toMatch(/process_resident_memory_bytes\{service="test"\} \d/);
    await expect(
      serveHealth({ checks: [], registry, log }, { port: server.port, hostname: '127.0.0.1' }),
    ).rejects.toThrow('EADDRINUSE');
    await server.close();
    await expect(fetch(`${base}/health`)).rejects.toThrow();
  });
});

function delayed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
