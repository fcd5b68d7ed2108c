import type {
  RepresentedParties,
  RepresentedParty,
  RepresentedUnit,
} from '@dialog/access/platform/represented-parties';
import { type PartiesView, partiesView as partiesViewSchema } from '@dialog/contracts/party-view';
import { createRoute } from '@hono/zod-openapi';
import { jsonAccepted } from '../../accepts-json.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { byEndUser, ok, problemResponses } from '../../openapi.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/parties`,
  operationId: 'GetParties',
  summary: 'Read whom the end user can represent',
  responses: { 200: ok(partiesViewSchema, 'All of them.'), ...problemResponses(406) },
});

export function registerListParties(app: GatewayApp, deps: { representedParties: RepresentedParties }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), jsonAccepted(), async (c) => {
    const { id } = c.get('endUser');
    return jsonResponse(partiesView(await deps.representedParties(id), id), 200);
  });
}

const keyRoles = ['DAGL', 'LEDE', 'INNH', 'DTPR', 'DTSO', 'BEST'];

/** Whom an end user can represent (end-user API, section 13). Persons are not masked: whoever acts for them knows them. */
export function partiesView(units: readonly RepresentedUnit[], endUserId: string): PartiesView {
  return {
    authorizedParties: units.map(({ subParties, ...unit }) => ({
      ...partyView(unit),
      ...(subParties.length > 0 && { subParties: subParties.map(partyView) }),
    })),
  };

  function partyView({ roles, hierarchyOnly, ...party }: RepresentedParty) {
    return {
      ...party,
      hasKeyRole: roles.some((role) => keyRoles.includes(role)),
      isCurrentEndUser: party.party === endUserId,
      isMainAdministrator: roles.includes('HADM'),
      isAccessManager: roles.includes('ADMAI'),
      hasOnlyAccessToSubParties: hierarchyOnly,
    };
  }
}
