import { z } from '@hono/zod-openapi';
import {
  contentMissing,
  dialogMembers,
  dialogRules,
  hasContentUnlessApiOnly,
  visibilityRules,
} from './dialog-members.ts';
import { dialogStatusInput } from './enumerations.ts';
import { distinctIdsRule, type Report, type RuleContext } from './rule.ts';
import type { Timestamp } from './timestamp.ts';

/** Replaces what may change of a dialog; transmissions and activities are added to those that it has. */
export const updateDialogBody = z
  .object({ ...dialogMembers, status: dialogStatusInput })
  .refine(hasContentUnlessApiOnly, contentMissing)
  .openapi('UpdateDialog');
export type UpdateDialogBody = z.output<typeof updateDialogBody>;
/** As callers write it. */
export type UpdateDialogInput = z.input<typeof updateDialogBody>;

/** What of a stored dialog an update has to fit. */
export type StoredDialog = { visibleFrom: Timestamp | null; contentlessTransmissionsCount: number };

/** The rules of an update; `stored` is null where the dialog has not been read yet. */
export function updateDialogRules(
  dialog: UpdateDialogBody,
  { stored, ...context }: RuleContext & { stored: StoredDialog | null },
  report: Report,
): void {
  dialogRules(dialog, { ...context, refuseExpired: false }, report);
  if (stored !== null) storedDialogRules(dialog, stored, context, report);
  for (const [index, { endpoints }] of dialog.apiActions.entries()) {
    distinctIdsRule(endpoints, `apiActions[${index}].endpoints`, report);
  }
}

/** The rules of an update that only the stored dialog can answer. */
export function storedDialogRules(
  dialog: UpdateDialogBody,
  { visibleFrom, contentlessTransmissionsCount }: StoredDialog,
  { rights }: Pick<RuleContext, 'rights'>,
  report: Report,
): void {
  visibilityRules({ ...dialog, visibleFrom }, rights, report);
  if (!dialog.isApiOnly && contentlessTransmissionsCount > 0) {
    report('transmissions', 'The dialog has transmissions without content, so isApiOnly must stay true.');
  }
}
