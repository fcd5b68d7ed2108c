import { z } from '@hono/zod-openapi';
import { activityBody, activityRules } from './activity.ts';
import { apiAction } from './api-action.ts';
import { attachment, attachmentRules, attachmentUrlRules } from './attachment.ts';
import { dialogContent, dialogContentRules } from './content.ts';
import { addBroken, unreadable } from './fault.ts';
import { guiAction, guiActionRules } from './gui-action.ts';
import { optionalInstant } from './instant.ts';
import type { Rights } from './rights.ts';
import { distinctIdsRule, type Report, type RuleContext } from './rule.ts';
import { searchTags } from './search-tag.ts';
import { isBlank, optionalText } from './text.ts';
import type { Timestamp } from './timestamp.ts';
import { transmissionBody, transmissionRules } from './transmission.ts';
import { optionalUri } from './url.ts';

/** An integer, or a string of digits as some serializers write it. */
const progress = z
  .union([z.number(), z.string()])
  .transform((given, context): number => {
    const number = typeof given === 'string' && /^-?\d{1,15}$/.test(given) ? Number(given) : given;
    // Zero has a sign here that it has nowhere else.
    if (typeof number === 'number' && Number.isSafeInteger(number)) return number === 0 ? 0 : number;
    context.addIssue({ code: 'custom', message: 'Must be an integer.', params: unreadable });
    return z.NEVER;
  })
  .check((payload) => {
    if (payload.value < 0 || payload.value > 100) addBroken(payload, 'Must be between 0 and 100.');
  })
  .openapi({ type: 'integer', minimum: 0, maximum: 100 });

/** What a dialog is created with and an update replaces or adds to. */
export const dialogMembers = {
  progress: progress
    .nullable()
    .default(null)
    .openapi({ type: ['integer', 'null'] }),
  extendedStatus: optionalText.openapi({ description: 'A status of the service owner, for programs.' }),
  externalReference: optionalText,
  dueAt: optionalInstant,
  expiresAt: optionalInstant,
  process: optionalUri,
  precedingProcess: optionalUri,
  isApiOnly: z.boolean().default(false).openapi({ description: 'Only for programs, which need no content.' }),
  content: dialogContent.nullable().default(null).openapi({ description: 'May only be left out with `isApiOnly`.' }),
  searchTags,
  attachments: z.array(attachment).default([]),
  guiActions: z.array(guiAction).default([]),
  apiActions: z.array(apiAction).default([]),
  transmissions: z.array(transmissionBody).default([]),
  activities: z.array(activityBody).default([]),
};

/** Only programs can do without content. Told even if other members cannot be read, as a missing member would be. */
export function hasContentUnlessApiOnly({ content, isApiOnly }: { content: unknown; isApiOnly: boolean }): boolean {
  return isApiOnly || content !== null;
}

export const contentMissing = {
  path: ['content'],
  message: 'Is required, unless isApiOnly is true.',
  when: ({ value }: z.core.ParsePayload) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

const dialogObject = z.object(dialogMembers);

/** What a create and an update have in common. */
type DialogMembers = z.output<typeof dialogObject>;

type DialogContext = RuleContext & { refuseExpired: boolean };

/** The rules that a create and an update share. */
export function dialogRules(dialog: DialogMembers, context: DialogContext, report: Report): void {
  const { content, isApiOnly, attachments, guiActions, apiActions, transmissions, activities } = dialog;
  if (isBefore(dialog.expiresAt, dialog.dueAt)) report('expiresAt', 'Must not be before dueAt.');
  if (isBlank(dialog.process ?? '') && !isBlank(dialog.precedingProcess ?? '')) {
    report('process', 'Is required with precedingProcess.');
  }
  if (content !== null) dialogContentRules(content, 'content.', context, report);

  attachmentRules(attachments, 'attachments', context, report);
  attachmentUrlRules(attachments, 'attachments', context, report);
  guiActionRules(guiActions, 'guiActions', report);
  distinctIdsRule(apiActions, 'apiActions', report);

  distinctIdsRule(transmissions, 'transmissions', report);
  const transmissionContext = { ...context, contentRequired: !isApiOnly };
  for (const [index, transmission] of transmissions.entries()) {
    transmissionRules(transmission, `transmissions[${index}].`, transmissionContext, report);
  }
  distinctIdsRule(activities, 'activities', report);
  for (const [index, activity] of activities.entries()) {
    activityRules(activity, `activities[${index}].`, context, report);
  }
}

type Dates = Pick<DialogMembers, 'dueAt' | 'expiresAt'> & { visibleFrom: Timestamp | null };

/** `visibleFrom` is the request's own in a create, and the stored one in an update, which cannot change it. */
export function visibilityRules({ dueAt, expiresAt, visibleFrom }: Dates, rights: Rights, report: Report): void {
  if (isBefore(expiresAt, visibleFrom)) report('expiresAt', 'Must not be before visibleFrom.');
  if (isBefore(dueAt, visibleFrom) && !rights.admin) report('dueAt', 'Must not be before visibleFrom.');
}

/** False when one of the two is not known. */
export function isBefore(time: Timestamp | null, other: Timestamp | null): boolean {
  return time !== null && other !== null && time < other;
}
