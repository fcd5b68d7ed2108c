import type { CommandOf } from '@dialog/contracts/commands';
import type { OwnedOperation } from '@dialog/contracts/operation';
import { timestampOf } from '@dialog/contracts/timestamp';
import { uuidv7 } from 'uuidv7';

/** A command that is valid as far as lanes look at it. */
export function exampleCommand(dialogId: string = uuidv7()): CommandOf<'PatchDialog'> {
  return {
    kind: 'PatchDialog',
    id: uuidv7(),
    dialogId,
    org: 'ttd',
    rights: { admin: false, correspondence: false, legacyHtml: false },
    facts: { notOwned: [], actorNames: {} },
    ifMatch: null,
    silent: false,
    receivedAt: timestampOf(Date.now()),
    traceparent: null,
    payload: [],
  };
}

/** How a worker would end the command; its id serves as the revision. */
export function appliedOperation(command: Pick<OwnedOperation, 'id' | 'kind' | 'dialogId' | 'receivedAt' | 'org'>) {
  const { id, kind, dialogId, receivedAt, org } = command;
  return { id, kind, dialogId, receivedAt, org, status: 'Applied', revision: id, endedAt: receivedAt } as const;
}
