import { createRequire } from 'node:module';
import path from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Scalar } from '@scalar/hono-api-reference';
import { endUserPath, type GatewayApp, type GatewayEnv, serviceOwnerPath } from '../gateway-app.ts';

/** One for each kind of callers: they call different operations by the same ids. */
const documents = [
  { path: 'openapi.json', title: 'service owner API', others: endUserPath },
  { path: 'openapi.enduser.json', title: 'end-user API', others: serviceOwnerPath },
] as const;

/**
 * `/openapi.json` and `/openapi.enduser.json` describe the API to its two kinds of callers (OpenAPI 3.1), and `/docs` to
 * people. The page and its script come
 * from this process, and the browser is told to load nothing from elsewhere: it works without the internet, and tells
 * nobody who reads it.
 */
export function registerDocumentation(app: GatewayApp, { publicUrl }: { publicUrl: string | undefined }): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'maskinporten', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A Maskinporten token, as it is or exchanged at Altinn, with `digdir:dialogporten.serviceprovider`.',
  });

  app.openAPIRegistry.registerComponent('securitySchemes', 'endUser', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token of ID-porten, Altinn or, for a system user, Maskinporten, with `digdir:dialogporten`.',
  });

  app.openAPIRegistry.registerComponent('securitySchemes', 'dialogToken', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The `dialogToken` of a dialog that an end user has opened.',
  });

  for (const { path: address, title, others } of documents) {
    let document: string | undefined;
    app.get(`/${address}`, (c) => {
      document ??= JSON.stringify(describe(app, { title, others, publicUrl }));
      return c.body(document, 200, { 'Content-Type': 'application/json; charset=utf-8' });
    });
  }

  const page = Scalar<GatewayEnv>({
    // Relative, as the gateway may stand below a path of its public address.
    sources: documents.map(({ path: url, title }) => ({ url, title })),
    cdn: 'assets/scalar.js',
    pageTitle: 'Dialogporten on a queue',
    telemetry: false,
    withDefaultFonts: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    authentication: { preferredSecurityScheme: 'maskinporten' },
    hideClientButton: true,
    showDeveloperTools: 'never',
  });
  app.get('/docs', async (c, next) => {
    c.header('Content-Security-Policy', "default-src 'self' 'unsafe-inline' data: blob:");
    return page(c, next);
  });
  const [root, script] = scalarScript();
  app.get('/assets/scalar.js', serveStatic({ root, path: script }));
}

/** The document without what is for others alone. */
function describe(
  app: GatewayApp,
  { title, others, publicUrl }: { title: string; others: string; publicUrl: string | undefined },
) {
  const { paths = {}, ...document } = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: `Dialogporten on a queue: ${title}`, version: 'v1' },
    servers: [{ url: publicUrl ?? '/' }],
  });
  const own = Object.entries(paths).filter(([address]) => !address.startsWith(`${others}/`));
  return { ...document, paths: Object.fromEntries(own) };
}

/** The folder and the name of the page's script, in the package that it comes with. */
function scalarScript(): [string, string] {
  const main = createRequire(import.meta.url).resolve('@scalar/api-reference');
  return [path.join(path.dirname(main), 'browser'), 'standalone.js'];
}
