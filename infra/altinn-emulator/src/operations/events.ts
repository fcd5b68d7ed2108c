import { z } from 'zod';
import type { Fixtures } from '../fixtures.ts';
import type { KeyRing } from '../keys.ts';
import type { EmulatorApp, Operation } from '../operations.ts';
import { bearerClaims } from './bearer.ts';

const ownScope = 'altinn:events.publish';
const adminScope = 'altinn:events.publish.admin';
/** Kept in memory, the newest. */
const eventsMax = 10_000;

const cloudEvent = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  type: z.string().min(1),
  source: z.url(),
  time: z.iso.datetime({ offset: true }).optional(),
  subject: z.string().optional(),
  resource: z.string().startsWith('urn:altinn:resource:'),
  resourceinstance: z.string().optional(),
});

const claimsSchema = z.object({ scope: z.string(), consumer: z.object({ ID: z.string() }) });
const owner = z.looseObject({ hasCompetentAuthority: z.looseObject({ organization: z.string() }).nullable() });

/**
 * Altinn's receiver of cloud events: one in each call, in the media type that is theirs (400). Who has the scope may
 * publish for its own resources, who has that of administrators for all (403); no subscription key is asked for.
 *
 * `GET /emulator/events` lists what came, in its order, with what came twice twice; `DELETE` forgets it.
 */
export function registerEvents(
  app: EmulatorApp,
  operation: Operation,
  deps: { fixtures: Fixtures; keyRing: KeyRing; baseUrl: string },
): void {
  let received: z.infer<typeof cloudEvent>[] = [];
  app.get('/emulator/events', (c) => c.json(received));
  app.delete('/emulator/events', (c) => {
    received = [];
    return c.body(null, 204);
  });

  operation('events', 'POST', '/events/api/v1/events', async (c) => {
    const claims = claimsSchema.safeParse(await bearerClaims(deps, 'altinn', c.req.header('authorization')));
    if (!claims.success) return c.body(null, 401);
    if (c.req.header('content-type') !== 'application/cloudevents+json') return c.text('No cloud event.', 400);
    const parsed = cloudEvent.safeParse(await readJson(c.req));
    if (!parsed.success) return c.text(z.prettifyError(parsed.error), 400);
    if (!(await mayPublish(deps.fixtures, claims.data, parsed.data.resource))) return c.body(null, 403);
    received = [...received, parsed.data].slice(-eventsMax);
    return c.body(null, 200);
  });
}

/** @returns undefined for what is no JSON, which is no event either */
async function readJson(request: { text: () => Promise<string> }): Promise<unknown> {
  const text = await request.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function mayPublish(
  { resources }: Fixtures,
  { scope, consumer }: z.infer<typeof claimsSchema>,
  resourceUrn: string,
): Promise<boolean> {
  const scopes = scope.split(' ');
  if (scopes.includes(adminScope)) return true;
  const found = (await resources()).find(
    ({ identifier }) => `urn:altinn:resource:${identifier}`.toLowerCase() === resourceUrn.toLowerCase(),
  );
  const ownedBy = owner.safeParse(found).data?.hasCompetentAuthority?.organization;
  return scopes.includes(ownScope) && consumer.ID === `0192:${ownedBy}`;
}
