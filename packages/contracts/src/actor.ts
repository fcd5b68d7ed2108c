import { z } from '@hono/zod-openapi';
import { actorType } from './enumerations.ts';
import { addBroken } from './fault.ts';
import { parseParty } from './party.ts';
import { textLengthMax } from './text.ts';

/** Who did something: the service owner, which needs no name, or somebody for the party, by identifier or by name. */
export const actor = z
  .object({
    actorType,
    actorId: z
      .string()
      .nullable()
      .default(null)
      .openapi({ description: 'Identifier in the form of `party`. The service looks up the name.' }),
    actorName: z.string().nullable().default(null).openapi({ maxLength: textLengthMax }),
  })
  .check((payload) => {
    const { actorType, actorId, actorName } = payload.value;
    if (actorType === 'ServiceOwner') {
      if (actorId !== null || actorName !== null)
        addBroken(payload, 'A service owner has neither actorId nor actorName.');
      return;
    }
    if ((actorId === null) === (actorName === null)) {
      addBroken(payload, 'A party representative has either actorId or actorName.');
    }
    if (actorName !== null && actorName.length > textLengthMax) {
      addBroken(payload, `actorName must be at most ${textLengthMax} characters.`);
    }
    if (actorId === null) return;
    const id = parseParty(actorId);
    if (id !== undefined) payload.value.actorId = id;
    else addBroken(payload, 'actorId is not the identifier of a person or an organisation.');
  })
  .openapi('Actor');
export type Actor = z.output<typeof actor>;
