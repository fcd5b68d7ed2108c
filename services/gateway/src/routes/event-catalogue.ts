import { problemOf } from '@dialog/contracts/problem';
import { asyncApiDocument, findEventSchema } from '@dialog/events/async-api';
import type { GatewayApp } from '../gateway-app.ts';
import { problemResponse } from '../problem-response.ts';

/**
 * `/asyncapi.json` describes the events to those who subscribe to them (AsyncAPI 3), and `/asyncapi/schemas/<type>` those
 * of one type (JSON Schema).
 */
export function registerEventCatalogue(app: GatewayApp, { publicUrl }: { publicUrl: string | undefined }): void {
  let document: string | undefined;
  app.get('/asyncapi.json', (c) => {
    document ??= JSON.stringify(asyncApiDocument({ publicUrl }));
    return c.body(document, 200, { 'Content-Type': 'application/json; charset=utf-8' });
  });

  app.get('/asyncapi/schemas/:type', (c) => {
    const schema = findEventSchema(c.req.param('type'));
    if (schema === undefined) return problemResponse(c, problemOf(404));
    return c.body(JSON.stringify(schema), 200, { 'Content-Type': 'application/schema+json' });
  });
}
