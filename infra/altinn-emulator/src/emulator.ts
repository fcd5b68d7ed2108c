import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createLogger, type Logger } from '@dialog/telemetry/logger';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { dataFolder, fixturesIn } from './fixtures.ts';
import { clientKey, createKeyRing, type PrivateKey } from './keys.ts';
import { registerMint } from './mint.ts';
import { registerAccessPackages } from './operations/access-packages.ts';
import { registerAuthorisedParties } from './operations/authorised-parties.ts';
import { registerDecisionPoint } from './operations/decision-point.ts';
import { registerEvents } from './operations/events.ts';
import { registerExchange } from './operations/exchange.ts';
import { registerIssuerMetadata } from './operations/issuer-metadata.ts';
import { registerMaskinportenToken } from './operations/maskinporten-token.ts';
import { registerOrganisationList } from './operations/organisation-list.ts';
import { registerPartyNames } from './operations/party-names.ts';
import { registerPolicy } from './operations/policy.ts';
import { registerResourceList } from './operations/resource-list.ts';
import { registerRoleMetadata } from './operations/role-metadata.ts';
import { registerUpdatedPairs } from './operations/updated-pairs.ts';
import { createOperations, type EmulatorApp } from './operations.ts';
import { type IssuerName, issuerNames, issuersAt } from './tokens.ts';

/** The client of `data/clients.json` that our own services use. */
const platformClientId = 'dialogporten';

type Options = {
  /** 0 lets the kernel choose. */
  port?: number;
  hostname?: string;
  /** Where keys are kept from one start to the next; without, they are new at every start. */
  dataDir?: string;
  /** The address under which clients reach the emulator, if not the one it listens on. It stands in every token. */
  publicUrl?: string;
  /** A folder with all the files of `data/`, if not that. */
  fixturesDir?: string;
  log?: Logger;
};

export type Emulator = {
  /** Where it listens. */
  baseUrl: string;
  /** What `iss` says in a token; also the address to find the issuer's metadata below. */
  issuers: Record<IssuerName, string>;
  platformClient: { clientId: string; jwk: PrivateKey };
  close: () => Promise<void>;
};

/**
 * Stands in for the Altinn platform, Maskinporten and the CDN: their wire formats, all under one address.
 *
 * @throws when the port is taken, or the kept keys are unreadable
 */
export async function startEmulator(options: Options = {}): Promise<Emulator> {
  const { port = 0, hostname = '127.0.0.1', dataDir, log = createLogger('altinn-emulator', 'silent') } = options;
  const fixtures = fixturesIn(options.fixturesDir ?? dataFolder);
  const keyRing = createKeyRing(dataDir === undefined ? undefined : join(dataDir, 'keys'));
  const [jwk] = await keyRing.keys(clientKey(platformClientId));
  // Also made before the first call comes: whoever wants to be one of the clients finds its key in a file.
  const kept = dataDir === undefined ? [] : (await fixtures.clients()).filter(({ jwks }) => jwks === undefined);
  await Promise.all([...issuerNames, ...kept.map(({ clientId }) => clientKey(clientId))].map(keyRing.keys));

  const server = createServer();
  server.listen(port, hostname);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no TCP port.');
  const listensAt = `http://${hostname}:${address.port}`;
  const baseUrl = (options.publicUrl ?? listensAt).replace(/\/+$/, '');

  const app: EmulatorApp = new Hono({ strict: false });
  app.onError((err, c) => {
    log.error({ err, path: c.req.path }, 'call failed');
    return c.text(err.message, 500);
  });
  const deps = { fixtures, keyRing, baseUrl };
  const operation = createOperations(app);
  registerIssuerMetadata(operation, deps);
  registerMaskinportenToken(operation, deps);
  registerExchange(operation, deps);
  registerResourceList(operation, deps);
  registerOrganisationList(operation, deps);
  registerPartyNames(operation, deps);
  registerUpdatedPairs(operation, deps);
  registerPolicy(operation, deps);
  registerRoleMetadata(operation, deps);
  registerAccessPackages(operation, deps);
  registerAuthorisedParties(app, operation, deps);
  registerDecisionPoint(app, operation, deps);
  registerEvents(app, operation, deps);
  registerMint(app, deps);
  app.get('/health/readiness', (c) => c.json({ state: 'Healthy' }));
  const answer = getRequestListener(app.fetch);
  server.on('request', (request, response) => {
    answer(request, response).catch((err) => log.error({ err }, 'request failed'));
  });

  return {
    baseUrl: listensAt,
    issuers: issuersAt(baseUrl),
    platformClient: { clientId: platformClientId, jwk },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
