import { z } from '@hono/zod-openapi';
import { contentMissing, dialogMembers, dialogRules, hasContentUnlessApiOnly } from './dialog-members.ts';
import { dialogStatusInput } from './enumerations.ts';
import { distinctIdsRule, type Report, type RuleContext } from './rule.ts';
import type { Timestamp } from './timestamp.ts';

/** Replaces what may change of a dialog; transmissions and activities are added to those that it has. */
export const updateDialogBody = z
  .object({ ...dialogMembers, status: dialogStatusInput })
  .refine(hasContentUnlessApiOnly, contentMissing)
  .openapi('UpdateDialog');
export type UpdateDialogBody = z.output<typeof updateDialogBody>;

/** `visibleFrom` is that of the stored dialog. */
export function updateDialogRules(
  dialog: UpdateDialogBody,
  context: RuleContext & { visibleFrom: Timestamp | null },
  report: Report,
): void {
  dialogRules(dialog, { ...context, refuseExpired: false }, report);
  for (const [index, { endpoints }] of dialog.apiActions.entries()) {
    distinctIdsRule(endpoints, `apiActions[${index}].endpoints`, report);
  }
}
