import { limitsView } from '@dialog/contracts/metadata-view';
import { problemOf } from '@dialog/contracts/problem';
import { searchLimits } from '@dialog/contracts/search-limits';
import { createRoute } from '@hono/zod-openapi';
import { parseAccept } from 'hono/utils/accept';
import { type GatewayApp, metadataPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { anonymousResponses, byAnybody, ok } from '../openapi.ts';
import { problemResponse } from '../problem-response.ts';

const route = createRoute({
  ...byAnybody,
  method: 'get',
  path: `${metadataPath}/limits`,
  operationId: 'GetLimits',
  summary: 'Read how many values a search may name',
  responses: { 200: ok(limitsView, 'The limits in force.'), ...anonymousResponses(406) },
});

const mustBeJson = 'The Accept header must allow application/json.';

export function registerGetLimits(app: GatewayApp): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), (c) =>
    acceptsJson(c.req.header('accept'))
      ? jsonResponse(searchLimits, 200)
      : problemResponse(c, problemOf(406, { Accept: [mustBeJson] }, mustBeJson)),
  );
}

/** Whether an `Accept` header leaves room for JSON: the range that fits it best decides (RFC 9110, section 12.5.1). */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  const ranges = parseAccept(accept.toLowerCase());
  if (ranges.some(({ type, q }) => type.endsWith('+json') && q > 0)) return true;
  const fitting = ['application/json', 'application/*', '*/*'].map((wanted) =>
    ranges.find(({ type }) => type === wanted),
  );
  return (fitting.find((range) => range !== undefined)?.q ?? 0) > 0;
}
