const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const dialogReference = new RegExp(`^urn:altinn:dialog-id:(${uuid})$`);
/** Of a party, as an integer of 64 bits at most. */
const partyId = '[1-9]\\d{0,18}';
const instanceReference = new RegExp(`^urn:altinn:instance-id:(${partyId}/${uuid})$`);
const correspondenceReference = new RegExp(`^urn:altinn:correspondence-id:${uuid}$`);
const labelledInstance = new RegExp(`^urn:altinn:(?:integration:storage|instance-id):(${partyId}/${uuid})$`);

/** What another system's reference names: a dialog, or one that its service owner has given a label. */
export type ReferredTo = { kind: 'dialog'; dialogId: string } | { kind: 'label'; label: string };

/** Reads a reference (authorization, section 7.5), in lower case. Undefined for what is none. */
export function parseInstanceReference(reference: string): ReferredTo | undefined {
  const dialogId = dialogReference.exec(reference)?.[1];
  if (dialogId !== undefined) return { kind: 'dialog', dialogId };
  const instance = instanceReference.exec(reference)?.[1];
  if (instance !== undefined) return { kind: 'label', label: `urn:altinn:integration:storage:${instance}` };
  return correspondenceReference.test(reference) ? { kind: 'label', label: reference } : undefined;
}

/** What a dialog is called where a single case of a service has been delegated. Of several labels, the last counts. */
export function instanceReferenceOf({
  id,
  serviceOwnerLabels,
}: {
  id: string;
  serviceOwnerLabels: readonly string[];
}): string {
  const labels = serviceOwnerLabels.map((label) => label.trim().toLowerCase()).sort();
  const instance = labels.flatMap((label) => labelledInstance.exec(label)?.[1] ?? []).at(-1);
  if (instance !== undefined) return `urn:altinn:instance-id:${instance}`;
  return labels.findLast((label) => correspondenceReference.test(label)) ?? `urn:altinn:dialog-id:${id}`;
}
