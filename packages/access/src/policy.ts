import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';

const levelCategory = 'urn:altinn:minimum-authenticationlevel';

// Namespace prefixes vary, the local names do not. Entities are left alone: a policy has no need of them.
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  textNodeName: 'text',
  alwaysCreateTextNode: true,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  removeNSPrefix: true,
  isArray: (name) => name === 'ObligationExpression' || name === 'AttributeAssignmentExpression',
});

const assignment = z.object({
  Category: z.string().optional(),
  AttributeValue: z.object({ text: z.string() }).optional(),
});
const obligation = z.object({ AttributeAssignmentExpression: z.array(assignment).default([]) });
const policySchema = z.object({
  Policy: z.object({
    // An empty element is read as its text.
    ObligationExpressions: z.object({ ObligationExpression: z.array(obligation).default([]) }).optional(),
  }),
});

/**
 * Reads the lowest authentication level that a XACML 3.0 policy lets in: what the first obligation assigns
 * (authorization, section 13).
 *
 * @returns undefined when the policy names no level, or none that is a whole number
 * @throws when the text is no policy
 */
export function readMinimumAuthenticationLevel(xml: string): number | undefined {
  const valid = XMLValidator.validate(xml);
  if (valid !== true) throw new Error(`Not well-formed: ${valid.err.code} in line ${valid.err.line}`);
  const { Policy: policy } = policySchema.parse(parser.parse(xml));
  const [first] = policy.ObligationExpressions?.ObligationExpression ?? [];
  const level = first?.AttributeAssignmentExpression.find(({ Category }) => Category === levelCategory);
  const text = level?.AttributeValue?.text.trim() ?? '';
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}
