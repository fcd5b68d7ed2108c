import { createRequire } from 'node:module';
import path from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Scalar } from '@scalar/hono-api-reference';
import type { GatewayApp, GatewayEnv } from '../gateway-app.ts';

/**
 * `/openapi.json` is the description of the API (OpenAPI 3.1), `/docs` the same for people. The page and its script come
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

  let document: string | undefined;
  app.get('/openapi.json', (c) => {
    document ??= JSON.stringify(
      app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: { title: 'Dialogporten on a queue: service owner API', version: 'v1' },
        servers: [{ url: publicUrl ?? '/' }],
      }),
    );
    return c.body(document, 200, { 'Content-Type': 'application/json; charset=utf-8' });
  });

  const page = Scalar<GatewayEnv>({
    // Relative, as the gateway may stand below a path of its public address.
    url: 'openapi.json',
    cdn: 'assets/scalar.js',
    pageTitle: 'Service owner API',
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

/** The folder and the name of the page's script, in the package that it comes with. */
function scalarScript(): [string, string] {
  const main = createRequire(import.meta.url).resolve('@scalar/api-reference');
  return [path.join(path.dirname(main), 'browser'), 'standalone.js'];
}
