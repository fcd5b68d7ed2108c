import { readFile } from 'node:fs/promises';
import { parseTimestamp } from '@dialog/contracts/timestamp';
import type { Logger } from '@dialog/telemetry/logger';
import type { MiddlewareHandler } from 'hono';
import type { GatewayEnv } from './gateway-app.ts';

/** Maintenance that goes on, with its end if that is known. */
export type Maintenance = { until: Date | undefined };

/** Undefined as long as the service is to serve. */
export type MaintenanceSwitch = () => Promise<Maintenance | undefined>;

type Settings = {
  log: Logger;
  /** How long the switch may stand otherwise before anybody notices. */
  recheckMs: number;
};

/**
 * Maintenance mode goes on while a file is there, so that an operator can switch it without a restart. The file holds
 * the time at which the service will be back (`2026-03-01T08:00:00Z`), or nothing. One that cannot be read, or holds
 * something else, is maintenance without an end: somebody has put it there.
 *
 * @param file undefined for a service that has no such switch
 */
export function maintenanceBy(file: string | undefined, { log, recheckMs }: Settings): MaintenanceSwitch {
  if (file === undefined) return async () => undefined;
  let current: { text: string | undefined; maintenance: Maintenance | undefined } | undefined;
  let readAt = 0;
  let reading: Promise<void> | undefined;

  return async () => {
    if (current === undefined || performance.now() - readAt >= recheckMs) {
      reading ??= look(file);
      await reading;
    }
    return current?.maintenance;
  };

  async function look(path: string): Promise<void> {
    const text = await textOf(path);
    readAt = performance.now();
    reading = undefined;
    if (current !== undefined && current.text === text) return;
    const wasOn = current?.maintenance !== undefined;
    current = { text, maintenance: text === undefined ? undefined : { until: endIn(text) } };
    const { maintenance } = current;
    if (maintenance !== undefined) log.warn({ until: maintenance.until }, 'maintenance mode is on');
    else if (wasOn) log.warn('maintenance mode is off');
  }

  /** Undefined where there is no file. */
  async function textOf(path: string): Promise<string | undefined> {
    try {
      return (await readFile(path, 'utf8')).trim();
    } catch (err) {
      if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return undefined;
      log.error({ err }, 'the file of maintenance mode cannot be read');
      return '';
    }
  }

  function endIn(text: string): Date | undefined {
    const until = parseTimestamp(text);
    if (until === undefined && text !== '') log.error('the file of maintenance mode holds no time with a zone');
    return until === undefined ? undefined : new Date(until);
  }
}

/** Answers everything with 503 in maintenance mode (end-user API, section 1.5); for what is registered after it. */
export function servingUnless(maintenance: MaintenanceSwitch): MiddlewareHandler<GatewayEnv> {
  return async (_, next) => {
    const going = await maintenance();
    if (going === undefined) return next();
    return new Response('Service Unavailable', {
      status: 503,
      headers: { 'Content-Type': 'text/plain', ...(going.until && { 'Retry-After': going.until.toUTCString() }) },
    });
  };
}
