import { hash } from 'node:crypto';
import type { Policies } from '@dialog/access/platform/policies';
import { type Policy, parsePolicy } from '@dialog/access/policy';
import { UpstreamFailure } from '@dialog/access/upstream-failure';

/**
 * Raise it when policies are worked out otherwise than before: then all of them are new versions, and every answer is
 * worked out anew.
 */
const reductionVersion = 1;

/** A larger document is no policy. The largest that are known have a few hundred kilobytes. */
const documentCharactersMax = 4_000_000;

/** What the registry says of a resource's policy. */
export type PolicyReading =
  | { kind: 'policy'; version: string; document: string; policy: Policy }
  /** There is none, or none that can be read; it will be no better when asked for at once. */
  | { kind: 'faulty'; fault: string }
  | { kind: 'unreachable'; err: UpstreamFailure };

export async function readPolicy(policies: Policies, serviceResource: string): Promise<PolicyReading> {
  let document: string | undefined;
  try {
    document = await policies.read(serviceResource);
  } catch (err) {
    if (err instanceof UpstreamFailure) return { kind: 'unreachable', err };
    throw err;
  }
  if (document === undefined) return { kind: 'faulty', fault: 'The resource has no policy.' };
  if (document.length > documentCharactersMax) {
    return { kind: 'faulty', fault: `The policy is longer than ${documentCharactersMax} characters.` };
  }
  try {
    return { kind: 'policy', version: versionOf(document), document, policy: parsePolicy(document) };
  } catch (err) {
    return { kind: 'faulty', fault: err instanceof Error ? err.message : String(err) };
  }
}

export function versionOf(document: string): string {
  return `${reductionVersion}-${hash('sha256', document, 'hex')}`;
}
