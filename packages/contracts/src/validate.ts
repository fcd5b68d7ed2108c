import type { z } from '@hono/zod-openapi';
import { type ActivityBody, activityBody, activityRules } from './activity.ts';
import type { Rights } from './commands.ts';
import { type CreateDialogBody, createDialogMembers, createDialogRules, withLabels } from './create-dialog.ts';
import { ErrorList, type Errors } from './error-list.ts';
import {
  type OpenPartySubscriptionBody,
  type OpenSubscriptionBody,
  openPartySubscriptionBody,
  openSubscriptionBody,
} from './event-subscription.ts';
import { isUnreadable } from './fault.ts';
import { type JsonPatch, jsonPatch, readOperations } from './json-patch.ts';
import { putInLanguageOrder } from './language-order.ts';
import { type Reading, type Shape, shapeOf, withMemberNames } from './member-names.ts';
import { readBy } from './read-body.ts';
import { pastRule, type Report, ruleContext } from './rule.ts';
import { labelInPath, serviceOwnerLabel } from './search-tag.ts';
import {
  bulkSetOwnSystemLabelsBody,
  bulkSetSystemLabelsBody,
  type Labelling,
  labellingOf,
  ownLabellingOf,
  performerRule,
  setOwnSystemLabelsBody,
  setSystemLabelsBody,
} from './system-labels.ts';
import { type Timestamp, timestamp } from './timestamp.ts';
import {
  type TransmissionBody,
  transmissionBody,
  transmissionRules,
  type UpdateTransmissionBody,
  updateTransmissionMembers,
  updateTransmissionRules,
} from './transmission.ts';
import { type StoredDialog, type UpdateDialogBody, updateDialogBody, updateDialogRules } from './update-dialog.ts';

/** The body in its normal form, or what is wrong with it. */
export type Validated<Value> = { ok: true; value: Value } | { ok: false; errors: Errors };

/** The clock of the request, and what the caller's scopes allow. */
export type ValidationContext = { now: Timestamp; rights: Rights };

/** A body as it is read: the schema, its shape, and the prefix of the keys under which broken rules are told. */
type Body<Schema> = { schema: Schema; shape: Shape; prefix: string };

const createDialog = bodyOf(createDialogMembers, 'dto.');
const updateDialog = bodyOf(updateDialogBody, 'dto.');
const transmission = bodyOf(transmissionBody, 'transmissions[0].');
const updateTransmission = bodyOf(updateTransmissionMembers, 'dto.');
const activity = bodyOf(activityBody, 'activity.');
const activityTime = bodyOf(timestamp, '');
const addedLabel = bodyOf(serviceOwnerLabel, 'dto.');
const removedLabel = bodyOf(labelInPath, 'dto.');
const setLabels = bodyOf(setSystemLabelsBody, '');
const bulkSetLabels = bodyOf(bulkSetSystemLabelsBody, 'dto.');
const setOwnLabels = bodyOf(setOwnSystemLabelsBody, '');
const bulkSetOwnLabels = bodyOf(bulkSetOwnSystemLabelsBody, 'dto.');
const subscription = bodyOf(openSubscriptionBody, '');
const partySubscription = bodyOf(openPartySubscriptionBody, '');

/** The body of POST dialogs. */
export function validateCreateDialog(input: unknown, { now, rights }: ValidationContext): Validated<CreateDialogBody> {
  const context = ruleContext(now, rights);
  const validated = validate(createDialog, input, (dialog, report) => createDialogRules(dialog, context, report));
  return validated.ok ? { ok: true, value: withLabels(validated.value) } : validated;
}

export type UpdateValidationContext = ValidationContext & {
  /** What the update has to fit; null where the dialog has not been read yet. */
  stored: StoredDialog | null;
  /** Whether null is read as a list without items, as a patch may leave it behind. In a PUT body it is a fault. */
  nullAsEmptyList?: boolean;
};

/** The body of PUT, or the document that a patch has made of a dialog. */
export function validateUpdateDialog(input: unknown, update: UpdateValidationContext): Validated<UpdateDialogBody> {
  const { now, rights, stored, nullAsEmptyList = false } = update;
  const context = { ...ruleContext(now, rights), stored };
  return validate(updateDialog, input, (dialog, report) => updateDialogRules(dialog, context, report), nullAsEmptyList);
}

/** The body of POST transmissions. */
export function validateTransmission(input: unknown, { now, rights }: ValidationContext): Validated<TransmissionBody> {
  const context = { ...ruleContext(now, rights), contentRequired: true, refuseExpired: false };
  return validate(transmission, input, (body, report) => transmissionRules(body, '', context, report));
}

/**
 * The body of PUT transmissions/{id}. That the change is silent, as it has to be, the body may say or the query
 * (`silentInQuery`).
 */
export function validateUpdateTransmission(
  input: unknown,
  { now, rights, silentInQuery }: ValidationContext & { silentInQuery: boolean },
): Validated<UpdateTransmissionBody> {
  const context = ruleContext(now, rights);
  const validated = validate(updateTransmission, input, (body, report) =>
    updateTransmissionRules(body, context, report),
  );
  const inBody = silentInBody(input);
  if (!silentInQuery && !(inBody.ok && inBody.value)) {
    // No member of the transmission, so its key has no prefix.
    return { ok: false, errors: { isSilentUpdate: ['Must be true.'], ...(!validated.ok && validated.errors) } };
  }
  if (!validated.ok) return validated;
  const { isSilentUpdate: _, ...body } = validated.value;
  return { ok: true, value: body };
}

/** The body of the move of a FormSaved activity: its new time, alone. */
export function validateActivityTime(input: unknown, { now, rights }: ValidationContext): Validated<Timestamp> {
  const context = ruleContext(now, rights);
  return validate(activityTime, input, (time, report) => pastRule(time, 'createdAt', context, report));
}

/** The body of POST activities. */
export function validateActivity(input: unknown, { now, rights }: ValidationContext): Validated<ActivityBody> {
  const context = ruleContext(now, rights);
  return validate(activity, input, (body, report) => activityRules(body, '', context, report));
}

/** The body of POST labels; comes out as the label, trimmed and in lower case. */
export function validateServiceOwnerLabel(input: unknown): Validated<string> {
  const validated = validate(addedLabel, input, noRules);
  return validated.ok ? { ok: true, value: validated.value.value } : validated;
}

/** The label in the address of DELETE label, read as POST reads it. */
export function validateLabelInPath(label: string): Validated<string> {
  const validated = validate(removedLabel, { label }, noRules);
  return validated.ok ? { ok: true, value: validated.value.label } : validated;
}

/** The body of PUT systemlabels, and whether it says who did it where `endUserId` does not. */
export function validateSetSystemLabels(input: unknown, endUserId: string | null): Validated<Labelling> {
  const validated = validate(setLabels, input, (body, _, report) => performerRule(endUserId, body.performedBy, report));
  return validated.ok ? { ok: true, value: labellingOf(validated.value) } : validated;
}

type LabelledDialog = { dialogId: string; endUserContextRevision: string | null };

/** The same for many dialogs. */
export function validateBulkSetSystemLabels(
  input: unknown,
  endUserId: string | null,
): Validated<Labelling & { dialogs: LabelledDialog[] }> {
  const validated = validate(bulkSetLabels, input, (body, _, report) =>
    performerRule(endUserId, body.performedBy, report),
  );
  if (!validated.ok) return validated;
  return { ok: true, value: { ...labellingOf(validated.value), dialogs: validated.value.dialogs } };
}

/** The body in which an end user sets labels, and the same for many dialogs. */
export function validateSetOwnSystemLabels(input: unknown): Validated<Omit<Labelling, 'performedBy'>> {
  const validated = validate(setOwnLabels, input, noRules);
  return validated.ok ? { ok: true, value: ownLabellingOf(validated.value, input) } : validated;
}

export function validateBulkSetOwnSystemLabels(
  input: unknown,
): Validated<Omit<Labelling, 'performedBy'> & { dialogs: LabelledDialog[] }> {
  const validated = validate(bulkSetOwnLabels, input, noRules);
  if (!validated.ok) return validated;
  return { ok: true, value: { ...ownLabellingOf(validated.value, input), dialogs: validated.value.dialogs } };
}

/** The body with which a service owner subscribes to events, and the same of an end user. */
export function validateOpenSubscription(input: unknown): Validated<OpenSubscriptionBody> {
  return validate(subscription, input, noRules);
}

export function validateOpenPartySubscription(input: unknown): Validated<OpenPartySubscriptionBody> {
  return validate(partySubscription, input, noRules);
}

/** The body of PATCH: whether it is a list of operations. Whether they fit a dialog, only the dialog can tell. */
export function validateJsonPatch(input: unknown): Validated<JsonPatch> {
  const errors = new ErrorList('');
  const { operations, refused } = readOperations(input);
  for (const path of refused)
    errors.addUnreadable(path, 'Has text or a number that cannot be stored, or is nested too deeply.');
  const { value, issues } = readBy(jsonPatch, operations, Array.isArray(input) ? input.length : 0);
  for (const issue of issues) errors.addIssue(issue);
  return value !== undefined && errors.isEmpty ? { ok: true, value } : { ok: false, errors: errors.byKey };
}

/** Whether the body of a transmission or an activity asks for a silent change, as the query may do as well. */
export function silentInBody(input: unknown): Validated<boolean> {
  if (typeof input !== 'object' || input === null) return { ok: true, value: false };
  const named = Object.entries(input).findLast(([name]) => name.toLowerCase() === 'issilentupdate');
  const value: unknown = named === undefined ? false : named[1];
  if (typeof value === 'boolean') return { ok: true, value };
  return { ok: false, errors: { isSilentUpdate: ['Must be true or false.'] } };
}

/** For a body that is all in its schema. */
function noRules(): void {}

function bodyOf<Schema extends z.ZodType>(schema: Schema, prefix: string): Body<Schema> {
  return { schema, shape: shapeOf(schema), prefix };
}

/**
 * Reads a body and applies the rules beside its schema. The rules are skipped when part of the body could not be read:
 * what they would say about the rest might change with it.
 */
function validate<Schema extends z.ZodType>(
  { schema, shape, prefix }: Body<Schema>,
  input: unknown,
  rules: (body: z.output<Schema>, report: Report, reportOutside: Report) => void,
  nullAsEmptyList = false,
): Validated<z.output<Schema>> {
  const errors = new ErrorList(prefix);
  const reading: Reading = { unstorable: [], itemCount: 0, nullAsEmptyList };
  const named = withMemberNames(input, shape, reading);
  for (const path of reading.unstorable) errors.addUnreadable(path, 'Has text that cannot be stored.');
  const { value, issues } = readBy(schema, named, reading.itemCount);
  for (const issue of issues) errors.addIssue(issue);
  if (value === undefined) return { ok: false, errors: errors.byKey };
  if (reading.unstorable.length === 0 && !issues.some(isUnreadable)) {
    rules(
      value,
      (path, message) => errors.addBroken(path, message),
      (key, message) => errors.addOutside(key, message),
    );
  }
  if (!errors.isEmpty) return { ok: false, errors: errors.byKey };
  putInLanguageOrder(value);
  return { ok: true, value };
}
