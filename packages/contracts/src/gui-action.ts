import { z } from '@hono/zod-openapi';
import { authorizationAttribute } from './authorization-attribute.ts';
import { type GuiActionPriority, guiActionPriority, httpVerb } from './enumerations.ts';
import { addBroken } from './fault.ts';
import { localizations, nullableLocalizations } from './localization.ts';
import { distinctIdsRule, type Report } from './rule.ts';
import { requiredText, textLengthMax } from './text.ts';
import { httpsUrl } from './url.ts';
import { chosenId } from './uuid-v7.ts';

const methods: readonly string[] = ['GET', 'POST', 'DELETE'];

/** A button or link that the party's users see. */
export const guiAction = z
  .object({
    id: chosenId,
    action: requiredText.openapi({ description: 'Name of the action in the access policy.' }),
    url: httpsUrl,
    authorizationAttribute,
    isDeleteDialogAction: z.boolean().default(false),
    httpMethod: httpVerb
      .check((payload) => {
        if (!methods.includes(payload.value)) addBroken(payload, `Must be one of ${methods.join(', ')}.`);
      })
      .default('GET')
      .openapi({
        type: 'string',
        enum: [...methods],
        description: 'With anything but GET the client sends the request itself, instead of opening the address.',
      }),
    priority: guiActionPriority,
    title: localizations({ max: textLengthMax, atLeastOne: true }),
    prompt: nullableLocalizations({ max: textLengthMax }),
  })
  .openapi('GuiAction');
export type GuiActionBody = z.output<typeof guiAction>;

/** Most buttons of each size; an action counts whoever may see it. */
const countMax: Readonly<Record<GuiActionPriority, number>> = { Primary: 1, Secondary: 1, Tertiary: 5 };

export function guiActionRules(actions: readonly GuiActionBody[], at: string, report: Report): void {
  distinctIdsRule(actions, at, report);
  for (const [priority, max] of Object.entries(countMax)) {
    const count = actions.filter((action) => action.priority === priority).length;
    if (count > max) report(at, `At most ${max} of priority ${priority} allowed, there are ${count}.`);
  }
}
