import type { PolicyQuestion } from '@dialog/contracts/policy-grant';
import { instanceReferenceOf } from './instance-reference.ts';

/**
 * What an end user may do with one dialog and its parts (authorization, section 7): which questions a dialog raises, how
 * they are put to the decision point, and what its answers mean. Pure; platform/decision-point.ts does the asking.
 */

/** An action on the dialog itself or on something that an authorization attribute names. */
export type Pair = { action: string; attribute: string };

/** What stands for the dialog itself among the attributes. */
export const main = 'main';

type Action = { action: string; authorizationAttribute: string | null };

/** The parts of a dialog that authorization depends on. */
export type AuthorisableParts = {
  apiActions: readonly Action[];
  guiActions: readonly Action[];
  transmissions: readonly { authorizationAttribute: string | null }[];
};

/** Whose dialog it is, and which instance of which service. */
export type AuthorisableDialog = {
  id: string;
  party: string;
  serviceResource: string;
  serviceOwnerLabels: readonly string[];
};

/** Every pair that a dialog raises, once, in order of action and attribute: that of the request and its answer. */
export function pairsOf({ apiActions, guiActions, transmissions }: AuthorisableParts): Pair[] {
  const pairs: Pair[] = [{ action: 'read', attribute: main }];
  for (const { action, authorizationAttribute } of [...apiActions, ...guiActions]) {
    pairs.push({ action, attribute: authorizationAttribute ?? main });
  }
  for (const { authorizationAttribute } of transmissions) {
    if (authorizationAttribute === null) continue;
    pairs.push({ action: readActionOn(authorizationAttribute), attribute: authorizationAttribute });
  }
  const distinct = new Map(pairs.map((pair) => [keyOf(pair), pair]));
  return [...distinct.values()].sort((a, b) => compare(a.action, b.action) || compare(a.attribute, b.attribute));
}

/**
 * A rule that permits `read` on a resource also permits it on whatever is inside it, so a part of a service is guarded
 * by an action of its own. Another service has rules of its own.
 */
function readActionOn(attribute: string): string {
  return attribute.toLowerCase().startsWith('urn:altinn:resource:') ? 'read' : 'transmissionread';
}

/**
 * What a pair asks of a policy; undefined where no resource is named whose policy could be asked.
 *
 * @param serviceResource of the dialog; an attribute may name another
 */
export function policyQuestionOf(serviceResource: string, { action, attribute }: Pair): PolicyQuestion | undefined {
  const deciding = decidingResource(serviceResource, attribute);
  return deciding === undefined ? undefined : { serviceResource: deciding, action, attribute };
}

/** The questions of some pairs, each beside its pair. Those that are left out only the decision point can answer. */
export function policyQuestionsOf(
  serviceResource: string,
  pairs: readonly Pair[],
): { pair: Pair; question: PolicyQuestion }[] {
  return pairs.flatMap((pair) => {
    const question = policyQuestionOf(serviceResource, pair);
    return question === undefined ? [] : [{ pair, question }];
  });
}

/** URN of the resource whose policy decides on an attribute. An app's resource is called after its org and itself. */
function decidingResource(serviceResource: string, attribute: string): string | undefined {
  const named = namedBy(attribute, subresourceId);
  if (!named.some(namesResource)) return serviceResource.toLowerCase();
  const namedAs = (id: string) => named.find(({ AttributeId }) => AttributeId === id)?.Value;
  const [resource, app, org] = [namedAs(resourceId), namedAs(appId), namedAs(orgId)];
  if (resource !== undefined) return `urn:altinn:resource:${resource.toLowerCase()}`;
  return app === undefined || org === undefined ? undefined : `urn:altinn:resource:app_${org}_${app}`.toLowerCase();
}

/** What a question says of the resource, beside the party and the instance, which a policy is not worked out for. */
export function policyResourceOf({ serviceResource, attribute }: PolicyQuestion): readonly Attribute[] {
  const named = namedBy(attribute, subresourceId);
  return named.some(namesResource) ? named : [...namedBy(serviceResource, resourceId), ...named];
}

function namesResource({ AttributeId }: Attribute): boolean {
  return [resourceId, appId, orgId].includes(AttributeId);
}

/** One attribute of a request to the decision point. */
export type Attribute = { AttributeId: string; Value: string };
type Category = { Id: string; Attribute: Attribute[] };

/** A multi-decision request in the JSON profile of XACML 3.0, with the platform's names of members. */
export type DecisionRequest = {
  Request: {
    AccessSubject: Category[];
    Action: Category[];
    Resource: Category[];
    MultiRequests: { RequestReference: { ReferenceId: string[] }[] };
  };
};

/**
 * @param subject URN of the end user
 * @param pairs in the order of `pairsOf`, which is that of the answers
 */
export function decisionRequest(subject: string, dialog: AuthorisableDialog, pairs: readonly Pair[]): DecisionRequest {
  const actions = numbered('a', new Set(pairs.map(({ action }) => action)));
  const resources = numbered('r', new Set(pairs.map(({ attribute }) => attribute)));
  return {
    Request: {
      AccessSubject: [{ Id: 's1', Attribute: [attributeOf(subject)] }],
      Action: [...actions].map(([action, Id]) => ({ Id, Attribute: [{ AttributeId: actionId, Value: action }] })),
      Resource: [...resources].map(([attribute, Id]) => ({ Id, Attribute: resourceAttributes(dialog, attribute) })),
      MultiRequests: {
        RequestReference: pairs.map(({ action, attribute }) => ({
          ReferenceId: ['s1', resources.get(attribute) ?? '', actions.get(action) ?? ''],
        })),
      },
    },
  };
}

export const actionId = 'urn:oasis:names:tc:xacml:1.0:action:action-id';
const resourceId = 'urn:altinn:resource';
const appId = 'urn:altinn:app';
const orgId = 'urn:altinn:org';
const instanceId = 'urn:altinn:resource:instance-id';
const subresourceId = 'urn:altinn:subresource';

function numbered(letter: string, names: ReadonlySet<string>): Map<string, string> {
  return new Map([...names].map((name, index) => [name, `${letter}${index + 1}`]));
}

/** The resource of one question. An attribute that names a service of its own replaces the dialog's, and its instance. */
function resourceAttributes(dialog: AuthorisableDialog, attribute: string): Attribute[] {
  const named = namedBy(attribute, subresourceId);
  const party = attributeOf(dialog.party);
  if (named.some(namesResource)) return [party, ...named];
  const instance = { AttributeId: instanceId, Value: instanceReferenceOf(dialog) };
  return [...namedBy(dialog.serviceResource, resourceId), party, instance, ...named];
}

/** `urn:altinn:resource:app_<org>_<app>` is known to policies as an app of an org. */
function namedBy(urn: string, defaultId: string): Attribute[] {
  const colon = urn.lastIndexOf(':');
  const isNamed = colon > 0 && colon < urn.length - 1;
  const { AttributeId, Value } = isNamed ? attributeOf(urn) : { AttributeId: defaultId, Value: urn };
  if (!Value.startsWith('app_')) return [{ AttributeId, Value }];
  const [, org = '', ...app] = Value.split('_');
  if (app.length === 0) return [{ AttributeId: appId, Value }];
  return [
    { AttributeId: appId, Value: app.join('_') },
    { AttributeId: orgId, Value: org },
  ];
}

function attributeOf(urn: string): Attribute {
  const colon = urn.lastIndexOf(':');
  return { AttributeId: urn.slice(0, colon), Value: urn.slice(colon + 1) };
}

/** What an end user may do with one dialog. */
export type Permissions = {
  /** Whether there is anything at all; without, the dialog does not exist for the end user. */
  any: boolean;
  /** In the order of the pairs that were asked about. */
  permitted: readonly Pair[];
  mainContent: boolean;
  act: (action: Action) => boolean;
  readTransmission: (transmission: { authorizationAttribute: string | null }) => boolean;
};

/**
 * What the decisions permit. They belong to the pairs by position: one that is missing permits nothing, and one too
 * many is no answer to anything.
 */
export function permissionsOf(pairs: readonly Pair[], decisions: readonly string[]): Permissions {
  const permitted = pairs.filter((_, index) => decisions[index] === 'Permit');
  const keys = new Set(permitted.map(keyOf));
  const actions = new Set(permitted.map(({ action }) => action));
  const has = (action: string, attribute: string) => keys.has(keyOf({ action, attribute }));
  const any = permitted.some(({ attribute }) => attribute === main);
  return {
    any,
    permitted,
    mainContent: has('read', main),
    act: ({ action, authorizationAttribute: attribute }) =>
      attribute === null ? any && actions.has(action) : has(action, attribute),
    readTransmission: ({ authorizationAttribute: attribute }) =>
      attribute === null ? any : has('transmissionread', attribute) || has('read', attribute),
  };
}

function keyOf({ action, attribute }: Pair): string {
  return JSON.stringify([action, attribute]);
}

/** By code unit, whatever the language of the machine. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
