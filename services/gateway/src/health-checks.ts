import { askIssuers } from '@dialog/access/issuers';
import type { PlatformProbes } from '@dialog/access/platform/probes';
import type { Database } from '@dialog/database/open';
import type { Nats } from '@dialog/lanes/open-nats';
import type { Lanes } from '@dialog/lanes/submit';
import type { HealthCheck } from '@dialog/telemetry/health';
import { sql } from 'kysely';

const timeoutMs = 2_000;

/**
 * A gateway that can serve something is ready. With Postgres away it still accepts changes, with Redis away it still
 * reads; and as all gateways share both, taking them out of service one by one would turn half an outage into a whole.
 */
export function gatewayChecks({
  db,
  lanes,
  nats,
}: {
  db: Database;
  lanes: Pick<Lanes, 'healthCheck'>;
  nats: Pick<Nats, 'isConnected'>;
}): HealthCheck[] {
  const postgres = async () => {
    await sql`select 1`.execute(db);
  };
  return [
    {
      name: 'postgres or lanes',
      critical: true,
      timeoutMs,
      check: () => Promise.any([postgres(), lanes.healthCheck()]),
    },
    { name: 'postgres', critical: false, timeoutMs, check: postgres },
    { name: 'lanes', critical: false, timeoutMs, check: () => lanes.healthCheck() },
    {
      name: 'nats',
      critical: false,
      timeoutMs,
      check: async () => {
        if (!nats.isConnected()) throw new Error('Not connected.');
      },
    },
  ];
}

const outsideTimeoutMs = 20_000;

/** Other systems (Altinn platform, section 13). What is away is covered by caches for a while, more or less. */
export function deepChecks({
  probes,
  tokenIssuers,
}: {
  probes: PlatformProbes;
  tokenIssuers: readonly string[];
}): HealthCheck[] {
  const outside = { critical: false, timeoutMs: outsideTimeoutMs };
  return [
    { ...outside, name: 'organisation list', check: probes.organisationList },
    { ...outside, name: 'role metadata', check: probes.roleMetadata, critical: true },
    { ...outside, name: 'platform token', check: probes.token },
    { ...outside, name: 'token issuers', check: () => askIssuers(tokenIssuers, outsideTimeoutMs) },
  ];
}
