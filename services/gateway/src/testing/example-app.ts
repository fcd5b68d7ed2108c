import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { pairsOf, permissionsOf } from '@dialog/access/details-authorization';
import { createDialogTokens, type DialogGrant, type DialogTokens } from '@dialog/access/dialog-token';
import { firstKeys } from '@dialog/access/dialog-token-keys';
import { scopes } from '@dialog/access/service-owner';
import type { TokenVerifier } from '@dialog/access/tokens';
import type { Operation } from '@dialog/contracts/operation';
import { timestampOf } from '@dialog/contracts/timestamp';
import { openDatabase } from '@dialog/database/open';
import { createLogger } from '@dialog/telemetry/logger';
import { Registry } from 'prom-client';
import { createApp, type GatewayDeps } from '../app.ts';

export const exampleLimits = {
  writeWaitMs: 10_000,
  waitMsMax: 30_000,
  watchersMax: 100,
  heartbeatMs: 1_000,
  bodyBytesMax: 20_000_000,
  exactListPartiesMax: 1_000,
  eventStreamsMax: 100,
  eventIntervalMs: 10,
  batchesMax: 4,
  batchLinesMax: 2_000,
  batchBytesMax: 8_000_000,
  batchTotalLinesMax: 8_000,
  batchTotalBytesMax: 32_000_000,
  batchLineBytesMax: 100_000,
  batchLookupsMax: 64,
  batchRetryMs: 20,
  batchUnavailableMsMax: 5_000,
  batchIdleMs: 30_000,
};

export const examplePolicySettings = { answerAgeMsMax: 30 * 60_000, levelAgeMsMax: 6 * 60 * 60_000, levelFreshMs: 100 };

export const exampleResource = {
  ...{ urn: 'urn:altinn:resource:building-permit', type: 'genericaccessresource', org: 'ttd', orgNumber: '310001007' },
  ...{ status: 'completed', delegable: true, title: new Map(), description: new Map() },
};

const claims = {
  scope: scopes.serviceProvider,
  consumer: { authority: 'iso6523-actorid-upis', ID: '0192:310001007' },
  'urn:altinn:org': 'ttd',
};

/** Every token is ttd's, with all scopes of the service owner API. */
export const everyScope: TokenVerifier = {
  verify: async () => ({ kind: 'verified', claims: { ...claims, scope: Object.values(scopes).join(' ') } }),
};

const exampleAccess = {
  ...{ servers: ['nats://127.0.0.1:4222'], credentials: 'a JWT and a key', queue: 'subscribers', deliveries: [] },
  ...{ issuedAt: timestampOf(0), expiresAt: timestampOf(300_000) },
};

/** Dialog tokens of an issuer with keys of its own. */
export function exampleDialogTokens(): DialogTokens {
  const keys = firstKeys(new Date());
  return createDialogTokens({
    issuer: 'http://127.0.0.1:8080/api/v1',
    keys: () => keys,
    now: () => new Date(),
    newId: randomUUID,
  });
}

/** What a dialog token for a dialog is given out for. */
export function exampleGrant(dialogId: string): DialogGrant {
  const party = 'urn:altinn:person:identifier-no:01817030080';
  return {
    endUser: {
      ...{ type: 'Person', id: party, authenticationLevel: 4 },
      ...{ system: undefined, supplier: undefined, decisionSubject: undefined, partyId: undefined },
    },
    dialog: { id: dialogId, party, serviceResource: exampleResource.urn },
    permitted: [],
  };
}

/** How a worker ends a command, for tests of what the gateway makes of it. */
export function ended(status: Operation['status'], more: Partial<Operation> = {}): Operation {
  const receivedAt = timestampOf(Date.now());
  return { id: randomUUIDv7(), status, kind: 'PatchDialog', dialogId: randomUUIDv7(), receivedAt, ...more };
}

/** The gateway without any server behind it: every token is ttd's, nobody reads from a database. */
export function exampleApp(changed: Partial<GatewayDeps> = {}) {
  const log = createLogger('gateway', 'silent');
  // Connects when it is first asked, which would fail.
  const db = openDatabase('postgres://127.0.0.1:1/none', {
    ...{ applicationName: 'test', connectionsMax: 1, connectTimeoutMs: 1_000, statementTimeoutMs: 1_000 },
  });
  return createApp({
    ...{ db, log, registry: new Registry(), publicUrl: undefined, checks: [] },
    tokens: { verify: async () => ({ kind: 'verified', claims }) },
    resources: {
      orgCodeOf: async () => undefined,
      resource: async (urn) => ({ ...exampleResource, urn }),
      pageOf: (id) => id,
    },
    lists: {
      listAuthorization: async () => ({ resourcesByParty: new Map(), dialogIds: new Set() }),
    },
    subscriptions: {
      open: async () => ({ kind: 'opened', access: exampleAccess }),
      remove: async () => false,
    },
    authorisedParties: async () => [],
    decisions: { permissionsFor: async (_caller, _dialog, parts) => permissionsOf(pairsOf(parts), []) },
    representedParties: async () => [],
    dialogTokens: exampleDialogTokens(),
    notices: { watch: async () => undefined },
    corsOrigins: '*',
    partyNames: { nameOf: async () => undefined },
    organisations: { organisation: async () => undefined },
    authenticationLevels: { minimumLevelOf: async () => undefined },
    subjectResources: { table: async () => ({ resourcesOf: new Map(), subjectsOf: new Map() }) },
    roles: { bySubject: async () => new Map() },
    accessPackages: { bySubject: async () => new Map() },
    lanes: {
      submit: async ({ id, dialogId, kind }) => ended('Applied', { id, dialogId, kind, revision: randomUUIDv7() }),
      wait: async () => undefined,
    },
    limits: exampleLimits,
    policySettings: examplePolicySettings,
    closing: new AbortController().signal,
    actorSalt: Buffer.alloc(16, 1),
    maintenance: async () => undefined,
    now: () => timestampOf(Date.now()),
    newId: () => randomUUIDv7(),
    ...changed,
  });
}

export const asServiceOwner = { Authorization: 'Bearer any' };

export function json(method: string, body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method,
    headers: { ...asServiceOwner, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
