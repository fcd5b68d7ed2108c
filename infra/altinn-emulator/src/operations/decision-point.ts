import { z } from 'zod';
import { decisionsOf } from '../decisions.ts';
import type { Fixtures } from '../fixtures.ts';
import type { KeyRing } from '../keys.ts';
import { registerOddity } from '../oddities.ts';
import type { EmulatorApp, Operation } from '../operations.ts';
import type { Evaluation } from '../policy-evaluation.ts';
import { refusal } from './bearer.ts';

const scope = 'altinn:authorization/authorize.admin';
const systemUserId = 'urn:altinn:systemuser:uuid';

const category = z.object({
  Id: z.string(),
  Attribute: z.array(z.object({ AttributeId: z.string(), Value: z.string() })),
});
const multiRequest = z.object({
  Request: z.object({
    AccessSubject: z.array(category).length(1),
    Action: z.array(category),
    Resource: z.array(category),
    MultiRequests: z.object({ RequestReference: z.array(z.object({ ReferenceId: z.array(z.string()) })) }),
  }),
});

const oddity = z.strictObject({
  indeterminate: z.boolean().default(false),
  /** So many answers are missing at the end. */
  fewer: z.int().min(0).default(0),
  /** As the real one names members. */
  camelCase: z.boolean().default(false),
});

/**
 * The policy decision point: answers the questions of a multi-decision request in their order, by the policies.
 * Needs a platform token with its scope (403) and a subscription key (401). Refuses several attributes of a system user
 * (400).
 *
 * `POST /emulator/decision-point` with `indeterminate`, `fewer` or `camelCase` makes its answers odd; `DELETE` ends that.
 */
export function registerDecisionPoint(
  app: EmulatorApp,
  operation: Operation,
  deps: { fixtures: Fixtures; keyRing: KeyRing; baseUrl: string },
): void {
  const odd = registerOddity(app, '/emulator/decision-point', oddity);
  operation('decision-point', 'POST', '/authorization/api/v1/authorize', async (c) => {
    const refused = await refusal(deps, c, scope);
    if (refused !== undefined) return refused;
    const parsed = multiRequest.safeParse(await c.req.json());
    if (!parsed.success) return c.text(z.prettifyError(parsed.error), 400);

    const { AccessSubject, Action, Resource, MultiRequests } = parsed.data.Request;
    const attributesOf = ({ Attribute }: z.infer<typeof category>) =>
      Attribute.map(({ AttributeId, Value }) => ({ id: AttributeId, value: Value }));
    const subject = AccessSubject.flatMap(attributesOf);
    if (subject.length > 1 && subject.some(({ id }) => id === systemUserId)) {
      return c.text('A system user is known by one attribute.', 400);
    }
    const [user] = subject;
    const actions = new Map(Action.map((one) => [one.Id, attributesOf(one)[0]?.value]));
    const resources = new Map(Resource.map((one) => [one.Id, attributesOf(one)]));
    const questions = MultiRequests.RequestReference.map(({ ReferenceId }) => ({
      resource: ReferenceId.flatMap((id) => resources.get(id) ?? []),
      action: ReferenceId.map((id) => actions.get(id)).find((action) => action !== undefined) ?? '',
    }));
    const evaluations = await decisionsOf(deps.fixtures, `${user?.id}:${user?.value}`, questions);
    const { indeterminate, fewer, camelCase } = odd();
    const decisions = indeterminate ? evaluations.map(() => undecided) : evaluations;
    const answered = decisions.slice(0, decisions.length - fewer).map(wire);
    return c.json(camelCase ? inCamelCase({ Response: answered }) : { Response: answered });
  });
}

const undecided: Evaluation = { decision: 'Indeterminate', obligations: [] };

function wire({ decision, obligations }: Evaluation) {
  const status = `urn:oasis:names:tc:xacml:1.0:status:${decision === 'Indeterminate' ? 'processing-error' : 'ok'}`;
  return {
    Decision: decision,
    Status: { StatusCode: { Value: status } },
    ...(obligations.length > 0 && {
      Obligations: obligations.map(({ id, assignments }) => ({
        Id: id,
        AttributeAssignment: assignments.map(({ attributeId, value, category, dataType }) => ({
          ...{ AttributeId: attributeId, Value: value, Category: category, DataType: dataType },
        })),
      })),
    }),
  };
}

function inCamelCase(answer: object): unknown {
  return JSON.parse(
    JSON.stringify(answer).replaceAll(/"([A-Z])(\w*)":/g, (_, first: string, rest: string) => {
      return `"${first.toLowerCase()}${rest}":`;
    }),
  );
}
