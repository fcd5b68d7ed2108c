const resourcePrefix = 'urn:altinn:resource:';

/** The resource that an authorization attribute names, in lower case; undefined for any other attribute. */
export function resourceIn(attribute: string | null): string | undefined {
  const urn = attribute?.toLowerCase();
  return urn?.startsWith(resourcePrefix) ? urn : undefined;
}

/** Every resource that a piece of JSON names, wherever it does, in lower case. */
export function resourcesIn(json: unknown): Set<string> {
  const resources = new Set<string>();
  const pending = [json];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') {
      const urn = resourceIn(value);
      if (urn !== undefined) resources.add(urn);
    } else if (typeof value === 'object' && value !== null) {
      for (const member of Object.values(value)) pending.push(member);
    }
  }
  return resources;
}
