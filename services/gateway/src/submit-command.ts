import assert from 'node:assert/strict';
import type { Command } from '@dialog/contracts/commands';
import type { Operation } from '@dialog/contracts/operation';
import { type Problem, problemOf } from '@dialog/contracts/problem';
import type { Validated } from '@dialog/contracts/validate';
import { LaneUnavailable } from '@dialog/lanes/faults';
import type { Lanes } from '@dialog/lanes/submit';
import {
  type ChangeDeps,
  type ChangeParameters,
  type ChangeRequest,
  type CommandHeader,
  headerOf,
  type Prepared,
  type Sender,
  type Success,
} from './changes/change.ts';
import { type GatewayContext, serviceOwnerPath } from './gateway-app.ts';
import { jsonResponse } from './json-response.ts';
import { appliedPreference, parsePrefer, type WaitLimits, writeWaitMs } from './prefer.ts';
import { problemResponse, unavailable } from './problem-response.ts';
import { type BodyLimits, readJson } from './read-json.ts';
import { errorsOf, ifMatch, pathId, silentUpdate } from './request-parameters.ts';

/** What every route that changes a dialog needs. */
export type WriteDeps = Omit<ChangeDeps, 'db'> & {
  lanes: Pick<Lanes, 'submit'>;
  limits: WaitLimits & BodyLimits;
};

/** Reads a change that has no body; one that is sent is ignored. */
export function readChangeParameters(c: GatewayContext): Validated<ChangeParameters> {
  const dialogId = pathId(c, 'dialogId');
  const revision = ifMatch(c);
  const silent = silentUpdate(c);
  return dialogId.ok && revision.ok && silent.ok
    ? { ok: true, value: { dialogId: dialogId.value, ifMatch: revision.value, silent: silent.value } }
    : { ok: false, errors: errorsOf(dialogId, revision, silent) };
}

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

/** What the command of a request has in common with all others. */
export function commandHeader(
  c: GatewayContext,
  deps: Pick<WriteDeps, 'newId'>,
  request: Parameters<typeof headerOf>[2],
  sender: Sender = c.get('serviceOwner'),
): CommandHeader {
  return headerOf(deps, { serviceOwner: sender, traceparent: c.get('traceparent') }, request);
}

/** As {@link submitCommand}, where the request has become a command. */
export async function submitPrepared(
  c: GatewayContext,
  deps: Pick<WriteDeps, 'lanes' | 'limits'>,
  change: Prepared,
): Promise<Response> {
  return change.ok ? submitCommand(c, deps, change.command, change.success) : problemResponse(c, change.problem);
}

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
