import type { ServiceOwner } from '@dialog/access/service-owner';
import type { Command, CommandOf } from '@dialog/contracts/commands';
import { type Problem, problemOf } from '@dialog/contracts/problem';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import type { FactsDeps } from '../facts.ts';
import { type GatewayContext, serviceOwnerPath } from '../gateway-app.ts';

/** What it takes to make commands of requests. */
export type ChangeDeps = FactsDeps & {
  db: Database;
  now: () => Timestamp;
  /** UUIDv7. Those of one millisecond come in any order: nothing that one request makes is a list. */
  newId: () => string;
};

/** Who asks for a change, and in which trace. */
export type Caller = { serviceOwner: ServiceOwner; traceparent: string };

/** What a request says that changes an existing dialog, beside its body. */
export type ChangeParameters = { dialogId: string; ifMatch: string | null; silent: boolean };

/** The parts of a request that changes an existing dialog, its body not yet validated. */
export type ChangeRequest = ChangeParameters & { body: unknown };

/**
 * How an applied command is answered: 201 with the id of what was made and its address, or 204. Untracked is one whose
 * caller cannot ask for operations.
 */
export type Success =
  | { status: 201; id: string; location: string }
  | { status: 204; withoutETag?: true; untracked?: true };

/** A request that has become a command, or what is wrong with it. */
export type Prepared = { ok: true; command: Command; success: Success } | { ok: false; problem: Problem };

export type CommandHeader = Omit<CommandOf<'DeleteDialog'>, 'kind'>;

/** For a command that names neither resources nor actors. */
export const noFacts: CommandHeader['facts'] = { notOwned: [], actorNames: {} };

/** In whose name a command is sent. An end user's are sent in that of the organisation whose dialog it is. */
export type Sender = Pick<CommandHeader, 'org' | 'rights'>;

export function callerOf(c: GatewayContext): Caller {
  return { serviceOwner: c.get('serviceOwner'), traceparent: c.get('traceparent') };
}

/** What all commands have in common. */
export function headerOf(
  { newId }: Pick<ChangeDeps, 'newId'>,
  { serviceOwner: { org, rights }, traceparent }: { serviceOwner: Sender; traceparent: string },
  request: Pick<CommandHeader, 'dialogId' | 'ifMatch' | 'silent' | 'facts' | 'receivedAt'>,
): CommandHeader {
  const { dialogId, ifMatch, silent, facts, receivedAt } = request;
  return { id: newId(), dialogId, org, rights, facts, ifMatch, silent, receivedAt, traceparent };
}

export function prepared(command: Command, success: Success): Prepared {
  return { ok: true, command, success };
}

/** 400 with everything that is wrong, by key. */
export function wrong(errors: NonNullable<Problem['errors']>): Prepared {
  return { ok: false, problem: problemOf(400, errors) };
}

export function dialogPath(id: string): string {
  return `${serviceOwnerPath}/dialogs/${id}`;
}
