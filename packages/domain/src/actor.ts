import type { Actor } from '@dialog/contracts/actor';
import type { Facts } from '@dialog/contracts/commands';
import type { Errors } from './outcome.ts';

/** Gives an actor with an id the name under which it is registered; an id without one is an error (section 8.10). */
export function namedActor(actor: Actor, facts: Facts, errors: Errors): Actor {
  if (actor.actorId === null) return actor;
  const name = facts.actorNames[actor.actorId];
  if (name === undefined) {
    errors.add('ActorId', `No name is registered for actor id: ${actor.actorId}`);
    return actor;
  }
  return { ...actor, actorName: name };
}
