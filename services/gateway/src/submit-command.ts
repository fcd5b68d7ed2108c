import assert from 'node:assert/strict';
import type { Command, CommandOf } from '@dialog/contracts/commands';
import type { Operation } from '@dialog/contracts/operation';
import { type Problem, problemOf } from '@dialog/contracts/problem';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Validated } from '@dialog/contracts/validate';
import { LaneUnavailable } from '@dialog/lanes/faults';
import type { Lanes } from '@dialog/lanes/submit';
import type { FactsDeps } from './facts.ts';
import { type GatewayContext, serviceOwnerPath } from './gateway-app.ts';
import { jsonResponse } from './json-response.ts';
import { appliedPreference, parsePrefer, type WaitLimits, writeWaitMs } from './prefer.ts';
import { problemResponse, unavailable } from './problem-response.ts';
import { type BodyLimits, readJson } from './read-json.ts';
import { errorsOf, ifMatch, pathId, silentUpdate } from './request-parameters.ts';

/** What every route that changes a dialog needs. */
export type WriteDeps = FactsDeps & {
  lanes: Pick<Lanes, 'submit'>;
  limits: WaitLimits & BodyLimits;
  now: () => Timestamp;
  /** UUIDv7. Those of one millisecond come in any order: nothing that one request makes is a list. */
  newId: () => string;
};

/** What a request says that changes an existing dialog, beside its body. */
export type ChangeParameters = { dialogId: string; ifMatch: string | null; silent: boolean };

/** Reads a change that has no body; one that is sent is ignored. */
export function readChangeParameters(c: GatewayContext): Validated<ChangeParameters> {
  const dialogId = pathId(c, 'dialogId');
  const revision = ifMatch(c);
  const silent = silentUpdate(c);
  return dialogId.ok && revision.ok && silent.ok
    ? { ok: true, value: { dialogId: dialogId.value, ifMatch: revision.value, silent: silent.value } }
    : { ok: false, errors: errorsOf(dialogId, revision, silent) };
}

/** The parts of a request that changes an existing dialog, its body not yet validated. */
export type ChangeRequest = ChangeParameters & { body: unknown };

/** Reads everything about a change of an existing dialog but what its body means. */
export async function readChange(
  c: GatewayContext,
  limits: BodyLimits,
  mediaTypes?: readonly string[],
): Promise<{ ok: true; value: ChangeRequest } | { ok: false; problem: Problem }> {
  const body = await readJson(c, limits, mediaTypes);
  if (!body.ok && body.problem.status !== 400) return body;
  const parameters = readChangeParameters(c);
  if (body.ok && parameters.ok) return { ok: true, value: { ...parameters.value, body: body.value } };
  const errors = { ...errorsOf(parameters), ...(!body.ok && body.problem.errors) };
  return { ok: false, problem: problemOf(400, errors) };
}

/** As {@link readChange}, for a change of one child; `parameter` is the name of its id in the path. */
export async function readChildChange(
  c: GatewayContext,
  limits: BodyLimits,
  parameter: string,
): Promise<{ ok: true; value: ChangeRequest & { id: string } } | { ok: false; problem: Problem }> {
  const change = await readChange(c, limits);
  if (!change.ok && change.problem.status !== 400) return change;
  const id = pathId(c, parameter);
  if (change.ok && id.ok) return { ok: true, value: { ...change.value, id: id.value } };
  return { ok: false, problem: problemOf(400, { ...errorsOf(id), ...(!change.ok && change.problem.errors) }) };
}

type Header = Omit<CommandOf<'DeleteDialog'>, 'kind'>;

/** For a command that names neither resources nor actors. */
export const noFacts: Header['facts'] = { notOwned: [], actorNames: {} };

/** In whose name a command is sent. An end user's are sent in that of the organisation whose dialog it is. */
export type Sender = Pick<Header, 'org' | 'rights'>;

/** What all commands have in common. */
export function commandHeader(
  c: GatewayContext,
  { newId }: Pick<WriteDeps, 'newId'>,
  request: Pick<Header, 'dialogId' | 'ifMatch' | 'silent' | 'facts' | 'receivedAt'>,
  { org, rights }: Sender = c.get('serviceOwner'),
): Header {
  const { dialogId, ifMatch: revision, silent, facts, receivedAt } = request;
  const traceparent = c.get('traceparent');
  return { id: newId(), dialogId, org, rights, facts, ifMatch: revision, silent, receivedAt, traceparent };
}

/**
 * How an applied command is answered: 201 with the id of what was made and its address, or 204. Untracked is one whose
 * caller cannot ask for operations.
 */
type Success = { status: 201; id: string; location: string } | { status: 204; withoutETag?: true; untracked?: true };

/**
 * Puts a command on its lane and answers with its outcome, or with 202 and the operation when the caller does not wait
 * so long.
 *
 * @throws LaneFull, LaneUnavailable when the command was not accepted
 */
export async function submitCommand(
  c: GatewayContext,
  { lanes, limits }: Pick<WriteDeps, 'lanes' | 'limits'>,
  command: Command,
  success: Success,
): Promise<Response> {
  c.set('command', command);
  const preference = parsePrefer(c.req.header('prefer'));
  let operation: Operation;
  try {
    operation = await lanes.submit(command, { waitMs: writeWaitMs(preference, limits) });
  } catch (err) {
    // Nobody can tell yet whether it is applied; its operation will, if it is.
    if (err instanceof LaneUnavailable && err.inDoubt) return unavailable(addressed(success, command.id));
    throw err;
  }

  const accepted = operation.status === 'Queued';
  const followed = appliedPreference(preference, limits, { accepted });
  const headers = followed === undefined ? {} : { 'Preference-Applied': followed };
  switch (operation.status) {
    case 'Queued':
      return jsonResponse(operation, 202, { ...headers, ...addressed(success, operation.id), 'Retry-After': '1' });
    case 'Applied':
      return successResponse(success, revisionOf(operation), headers);
    case 'Rejected':
    case 'Failed':
      return problemResponse(c, operation.problem ?? problemOf(500), headers);
  }
}

/** The address of an operation, as `Location` has it: without a host, which is known to others than us. */
export function operationPath(id: string): string {
  return `${serviceOwnerPath}/operations/${id}`;
}

function addressed(success: Success, id: string): Record<string, string> {
  return success.status === 204 && success.untracked === true ? {} : { Location: operationPath(id) };
}

export function dialogPath(id: string): string {
  return `${serviceOwnerPath}/dialogs/${id}`;
}

function successResponse(success: Success, revision: string, headers: Record<string, string>): Response {
  if (success.status === 204) {
    const etag = success.withoutETag === true ? {} : { ETag: revision };
    return new Response(null, { status: 204, headers: { ...headers, ...etag } });
  }
  return jsonResponse(success.id, 201, { ...headers, Location: success.location, ETag: revision });
}

function revisionOf({ id, revision }: Operation): string {
  assert(revision !== undefined, `Operation ${id} is applied and has no revision.`);
  return revision;
}
