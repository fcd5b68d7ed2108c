import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { z } from 'zod';
import type { GatewayApp } from '../gateway-app.ts';

const content = z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()) }));
const answer = z.object({ headers: z.record(z.string(), z.unknown()).default({}), content: content.default({}) });
const methods = z.record(z.string(), z.object({ responses: z.record(z.string(), answer) }));
const documentSchema = z.looseObject({ paths: z.record(z.string(), methods) });

type Operation = { method: string; path: RegExp; responses: Map<string, Described> };
type Described = { etag: boolean; bodies: Map<string, ValidateFunction> };

/**
 * Makes an app throw for answers that its own description does not describe: the status, whether there is an ETag, the
 * type of the body, and every member in it. So each test that goes through `app.request` tests the description too.
 */
export function describingItself(app: GatewayApp): GatewayApp {
  const operations = operationsOf(app);
  const { request } = app;
  app.request = async (input, ...rest) => {
    const response = await request(input, ...rest);
    const method = (rest[0]?.method ?? 'GET').toLowerCase();
    const address = typeof input === 'string' ? input : input instanceof URL ? input.pathname : input.url;
    const operation = operations.find((one) => one.method === method && one.path.test(address));
    if (operation !== undefined) await compare(response, operation);
    return response;
  };
  return app;
}

function operationsOf(app: GatewayApp): Operation[] {
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'API', version: 'v1' } });
  const closed = documentSchema.parse(withoutOtherMembers(JSON.parse(JSON.stringify(document))));
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ $id: 'api', ...closed });
  return Object.entries(closed.paths).flatMap(([path, described]) =>
    Object.entries(described).map(([method, { responses }]) => ({
      method,
      path: new RegExp(`^${path.replaceAll(/{\w+}/g, '[^/]+')}(?:\\?.*)?$`, 'i'),
      responses: new Map(
        Object.entries(responses).map(([status, { headers, content: bodies }]) => {
          const validators = Object.entries(bodies).map(([type, { schema }]): [string, ValidateFunction] => [
            type,
            ajv.compile(referringTo('api', schema)),
          ]);
          return [status, { etag: 'ETag' in headers, bodies: new Map(validators) }];
        }),
      ),
    })),
  );
}

async function compare(response: Response, { responses }: Operation): Promise<void> {
  const told = `An answer ${response.status} of ${response.headers.get('content-type')}`;
  const described = responses.get(String(response.status));
  if (described === undefined) throw new Error(`${told} is not described.`);
  if (described.etag !== response.headers.has('etag')) throw new Error(`${told}: ETag is not as described.`);
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
  const validate = described.bodies.get(type);
  if (validate === undefined) {
    if (response.body !== null) throw new Error(`${told} has a body that is not described.`);
    return;
  }
  // A stream may have no end.
  if (!type.endsWith('json') || type.endsWith('ndjson') || validate(await response.clone().json())) return;
  throw new Error(`${told} is not as described: ${JSON.stringify(validate.errors?.slice(0, 5))}`);
}

/** Objects that have the members that are described and no others. */
function withoutOtherMembers(document: unknown): unknown {
  const parts = new Set<unknown>();
  visit(document, (schema) => {
    if (Array.isArray(schema.allOf)) for (const part of schema.allOf) parts.add(part).add(part?.$ref);
  });
  visit(document, (schema, path) => {
    if (Array.isArray(schema.allOf)) schema.unevaluatedProperties = false;
    else if (schema.type === 'object' && 'properties' in schema && !parts.has(schema) && !parts.has(path)) {
      schema.additionalProperties ??= false;
    }
  });
  return document;
}

type Schema = Record<string, unknown>;

function visit(node: unknown, visitor: (schema: Schema, path: string) => void, path = '#'): void {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node)) visitor(Object.assign(node), path);
  for (const [name, member] of Object.entries(node)) visit(member, visitor, `${path}/${name}`);
}

/** References to the document, from a schema that stands alone. */
function referringTo(id: string, schema: Schema): Schema {
  const copy = structuredClone(schema);
  visit(copy, (part) => {
    if (typeof part.$ref === 'string') part.$ref = `${id}${part.$ref}`;
  });
  return copy;
}
