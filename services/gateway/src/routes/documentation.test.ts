import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { everyScope, exampleApp, json } from '../testing/example-app.ts';

const operationSchema = z.looseObject({
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.unknown())),
  parameters: z.array(z.object({ name: z.string(), in: z.string() })).optional(),
  requestBody: z.object({ content: z.record(z.string(), z.object({ example: z.unknown() })) }).optional(),
  responses: z.record(z.string(), z.looseObject({ headers: z.record(z.string(), z.unknown()).optional() })),
});
const documentSchema = z.object({
  openapi: z.string(),
  servers: z.array(z.object({ url: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.object({
    schemas: z.record(z.string(), z.unknown()),
    securitySchemes: z.record(z.string(), z.unknown()),
  }),
});

async function read(app = exampleApp(), address = '/openapi.json') {
  const answer = await app.request(address);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  const text = await answer.text();
  return { text, document: documentSchema.parse(JSON.parse(text)) };
}

type Operation = z.infer<typeof operationSchema>;

function operationsOf({ paths }: z.infer<typeof documentSchema>): Operation[] {
  return Object.values(paths).flatMap((methods) => Object.values(methods));
}

function idsOf(operations: readonly Operation[]): string[] {
  return operations.map(({ operationId }) => operationId).sort();
}

describe('the description of the API', () => {
  it('has every route of the API, and no other', async () => {
    const app = exampleApp();
    const documents = [await read(app), await read(app, '/openapi.enduser.json')];
    const described = documents
      .flatMap(({ document }) => Object.entries(document.paths))
      .flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/{(\w+)}/g, ':$1')}`),
      );
    const served = app.routes
      .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/'))
      .map(({ method, path }) => `${method} ${path}`);
    // A route with a handler before its own is listed once for each; paths are matched without regard to case.
    const inLowerCase = (routes: readonly string[]) => [...new Set(routes.map((route) => route.toLowerCase()))].sort();
    expect(inLowerCase(described)).toEqual(inLowerCase(served));
  });

  it('tells each kind of callers of its own operations, each once, and of those for anybody', async () => {
    const { document } = await read(exampleApp(), '/openapi.enduser.json');
    const paths = Object.keys(document.paths);
    expect(paths.filter((path) => !/^\/api\/v1\/(enduser|metadata|\.well-known)\//.test(path))).toEqual([]);
    expect(idsOf(operationsOf(document))).toEqual([
      'BulkSetDialogSystemLabels',
      'GetDialog',
      'GetDialogActivity',
      'GetDialogLookup',
      'GetDialogSeenLog',
      'GetDialogTransmission',
      'GetJwks',
      'GetLimits',
      'GetOauthAuthorizationServer',
      'GetParties',
      'GetServiceResourceMetadata',
      'OpenEventSubscription',
      'RemoveEventSubscription',
      'SearchAuthorizedServiceResources',
      'SearchDialogActivities',
      'SearchDialogLabelAssignmentLogs',
      'SearchDialogSeenLogs',
      'SearchDialogTransmissions',
      'SearchDialogs',
      'SetDialogSystemLabels',
      'StreamDialogEvents',
    ]);
  });

  it('names operations as the published API does', async () => {
    const { document } = await read();
    expect(idsOf(operationsOf(document))).toEqual([
      'BatchDialogs',
      'BulkSetDialogSystemLabels',
      'CheckNotificationCondition',
      'CreateDialog',
      'CreateDialogActivity',
      'CreateDialogTransmission',
      'CreateServiceOwnerLabel',
      'DeleteDialog',
      'DeleteServiceOwnerLabel',
      'FreezeDialog',
      'GetDialog',
      'GetDialogActivity',
      'GetDialogLookup',
      'GetDialogSeenLog',
      'GetDialogTransmission',
      'GetJwks',
      'GetLimits',
      'GetOauthAuthorizationServer',
      'GetOperation',
      'GetServiceOwnerLabels',
      'GetServiceResourceMetadata',
      'OpenEventSubscription',
      'PatchDialog',
      'PurgeDialog',
      'RemoveEventSubscription',
      'RestoreDialog',
      'SearchDialogActivities',
      'SearchDialogEndUserContexts',
      'SearchDialogSeenLogs',
      'SearchDialogTransmissions',
      'SearchDialogs',
      'SetDialogSystemLabels',
      'UpdateDialog',
      'UpdateDialogTransmission',
      'UpdateFormSavedActivityTime',
    ]);
  });

  it('has an ETag on the answers that section 5.2 names, and on no other', async () => {
    const { document } = await read();
    const tagged = operationsOf(document).filter(({ responses }) =>
      Object.values(responses).some(({ headers = {} }) => 'ETag' in headers),
    );
    expect(idsOf(tagged)).toEqual([
      'CreateDialog',
      'CreateDialogActivity',
      'CreateDialogTransmission',
      'CreateServiceOwnerLabel',
      'DeleteDialog',
      'DeleteServiceOwnerLabel',
      'FreezeDialog',
      'GetDialog',
      'GetServiceOwnerLabels',
      'GetServiceResourceMetadata',
      'PatchDialog',
      'RestoreDialog',
      'SetDialogSystemLabels',
      'UpdateDialog',
      'UpdateDialogTransmission',
      'UpdateFormSavedActivityTime',
    ]);
  });

  it('asks for a token wherever one is needed', async () => {
    const { document } = await read();
    const open = operationsOf(document).filter(({ security }) => security.length === 0);
    expect(idsOf(open)).toEqual(['GetJwks', 'GetLimits', 'GetOauthAuthorizationServer', 'GetServiceResourceMetadata']);
  });

  it('describes each parameter in a path, and refers to nothing that is not there', async () => {
    const { document, text } = await read();
    for (const [path, methods] of Object.entries(document.paths)) {
      const inPath = [...path.matchAll(/{(\w+)}/g)].map(([, name]) => name);
      for (const { parameters = [] } of Object.values(methods)) {
        expect(parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)).toEqual(inPath);
      }
    }
    const { schemas, securitySchemes } = document.components;
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(schemas).toHaveProperty(name);
    expect(Object.keys(securitySchemes)).toEqual(['maskinporten', 'endUser', 'dialogToken']);
  });

  it('has examples of bodies that can be sent as they are', async () => {
    const { document } = await read();
    const id = '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e';
    let sent = 0;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { requestBody }] of Object.entries(methods)) {
        for (const [type, { example }] of Object.entries(requestBody?.content ?? {})) {
          const init = json(method.toUpperCase(), example, { 'Content-Type': type });
          const answer = await exampleApp({ tokens: everyScope }).request(path.replaceAll(/{\w+}/g, id), init);
          expect([200, 201, 204]).toContain(answer.status);
          sent += 1;
        }
      }
    }
    expect(sent).toBe(13);
  });

  it('says where the API is', async () => {
    expect((await read()).document.servers).toEqual([{ url: '/' }]);
    const { document } = await read(exampleApp({ publicUrl: 'https://dialogs.example.com' }));
    expect(document.servers).toEqual([{ url: 'https://dialogs.example.com' }]);
  });
});

describe('the description of the events', () => {
  const addressed = z.object({
    asyncapi: z.string(),
    channels: z.record(z.string(), z.object({ address: z.string() })),
  });

  it('is beside that of the API', async () => {
    const answer = await exampleApp().request('/asyncapi.json');
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    const { channels, asyncapi } = addressed.parse(await answer.json());
    expect(asyncapi).toBe('3.0.0');
    expect(Object.values(channels).map(({ address }) => address)).toEqual([
      'dialogporten.events.v1.owner.{org}.{resource}.{type}.{dialogId}',
      'dialogporten.events.v1.party.{partyKey}.{org}.{resource}.{type}.{dialogId}',
    ]);
  });

  it('sends subscribers to operations that there are', async () => {
    const app = exampleApp();
    const told = await (await app.request('/asyncapi.json')).text();
    const paths = [...told.matchAll(/\/api\/v1\/[a-z/]+/g)].map(([path]) => path);
    const described = [await read(app), await read(app, '/openapi.enduser.json')];
    expect(paths).toHaveLength(2);
    for (const path of paths)
      expect(described.some(({ document }) => 'post' in (document.paths[path] ?? {}))).toBe(true);
  });

  it('has the schema of each type where its name says, and no other', async () => {
    const answer = await exampleApp().request('/asyncapi/schemas/dialogporten.dialog.created.v1');
    expect(answer.headers.get('content-type')).toBe('application/schema+json');
    expect(await answer.json()).toMatchObject({ title: 'dialogporten.dialog.created.v1', type: 'object' });
    expect((await exampleApp().request('/asyncapi/schemas/toString')).status).toBe(404);
  });
});

describe('the page for people', () => {
  it('loads nothing from elsewhere', async () => {
    const answer = await exampleApp().request('/docs');
    const page = await answer.text();
    expect(answer.status).toBe(200);
    expect(page).not.toMatch(/https?:\/\//);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'self'/);
    for (const [, address = ''] of page.matchAll(/(?:src|href|"url")(?:=|: )"([^"]+)"/g)) {
      expect((await exampleApp().request(`/${address}`)).status).toBe(200);
    }
  });

  it('comes with its script', async () => {
    const script = await exampleApp().request('/assets/scalar.js');
    expect(script.headers.get('content-type')).toMatch(/^text\/javascript/);
    expect(await script.text()).toContain('createApiReference');
  });
});
