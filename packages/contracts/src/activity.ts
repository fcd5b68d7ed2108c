import { z } from '@hono/zod-openapi';
import { actor } from './actor.ts';
import { activityType } from './enumerations.ts';
import { suppliedInstant } from './instant.ts';
import { optionalLocalizations } from './localization.ts';
import { optionalUri } from './url.ts';
import { chosenId, optionalUuid } from './uuid-v7.ts';

/** A line in the history of a dialog. It never changes once it is there. */
export const activityBody = z
  .object({
    id: chosenId,
    createdAt: suppliedInstant,
    extendedType: optionalUri,
    type: activityType,
    transmissionId: optionalUuid.openapi({ description: 'Given if and only if the type is TransmissionOpened.' }),
    performedBy: actor,
    description: optionalLocalizations({ max: undefined }).openapi({
      description:
        'Given if and only if the type is Information. At most 255 characters each (4095 with the correspondence scope).',
    }),
  })
  .openapi('CreateActivity');
export type ActivityBody = z.output<typeof activityBody>;
