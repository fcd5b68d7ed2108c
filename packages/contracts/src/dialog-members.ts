import { z } from '@hono/zod-openapi';
import { activityBody } from './activity.ts';
import { apiAction } from './api-action.ts';
import { attachment } from './attachment.ts';
import { dialogContent } from './content.ts';
import { addBroken, unreadable } from './fault.ts';
import { guiAction } from './gui-action.ts';
import { optionalInstant } from './instant.ts';
import { searchTags } from './search-tag.ts';
import { optionalText } from './text.ts';
import { transmissionBody } from './transmission.ts';
import { optionalUri } from './url.ts';

/** An integer, or a string of digits as some serializers write it. */
const progress = z
  .union([z.number(), z.string()])
  .transform((given, context): number => {
    const number = typeof given === 'string' && /^[+-]?\d{1,15}$/.test(given) ? Number(given) : given;
    if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
    context.addIssue({ code: 'custom', message: 'Must be an integer.', params: unreadable });
    return z.NEVER;
  })
  .check((payload) => {
    if (payload.value < 0 || payload.value > 100) addBroken(payload, 'Must be between 0 and 100.');
  })
  .openapi({ type: 'integer', minimum: 0, maximum: 100 });

/** What a dialog is created with and an update replaces or adds to. */
export const dialogMembers = {
  progress: progress.nullable().default(null),
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
