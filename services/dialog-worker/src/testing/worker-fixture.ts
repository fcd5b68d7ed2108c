import { randomUUID } from 'node:crypto';
import { type Command, type Envelope, envelopeVersion } from '@dialog/contracts/commands';
import { type Database, openDatabase } from '@dialog/database/open';
import * as lanes from '@dialog/database/tables/lanes';
import { openTestSpace } from '@dialog/local/testing';
import { createLogger } from '@dialog/telemetry/logger';
import { uuidv7 } from 'uuidv7';
import { applyEnvelope } from '../apply-envelope.ts';
import { createClock } from '../clock.ts';
import { createKnownQuestions } from '../raised-questions.ts';

const laneCount = 8;

/** What a worker applies envelopes with, on a database of its own. */
export async function openWorkerFixture() {
  const space = await openTestSpace();
  const now = createClock();
  const open = (
    applicationName: string,
    { statementTimeoutMs = 10_000, url = space.databaseUrl, byKey = true } = {},
  ): Database =>
    openDatabase(url, {
      ...{ applicationName, connectionsMax: 10, connectTimeoutMs: 5_000, statementTimeoutMs },
      byKey,
    });
  const db = open('test');
  await lanes.ensure(db, laneCount);
  const deps = {
    ...{ db, log: createLogger('test', 'silent'), now, newId: uuidv7, newRevision: randomUUID },
    knownQuestions: createKnownQuestions(1_000),
  };

  return {
    db,
    deps,
    laneCount,
    /** Another set of connections; the caller closes it. */
    open,
    /** The same, with the right to change the schema. */
    openAsOwner: () => open('owner', { url: space.ownerDatabaseUrl, byKey: false }),

    /** An example command of its own, on a dialog of its own, received now: operations are kept by the day of their id. */
    on<C extends Command>(dialogId: string, command: C): C {
      const id = uuidv7();
      const own = { ...command, id, dialogId, receivedAt: now() };
      if (own.kind === 'CreateTransmission') return { ...own, transmissionId: own.payload.id ?? id };
      if (own.kind === 'CreateActivity') return { ...own, activityId: own.payload.id ?? id };
      return own;
    },

    envelopeOf: (lane: number, commands: Command[]): Envelope => ({
      ...{ version: envelopeVersion, laneCount, lane, replyTo: 'nobody', commands },
    }),

    /** Applies commands as one envelope. */
    async apply(lane: number, ...commands: Command[]) {
      return (await applyEnvelope(deps, this.envelopeOf(lane, commands))).operations;
    },

    async close(): Promise<void> {
      await db.destroy();
      await space.close();
    },
  };
}
export type WorkerFixture = Awaited<ReturnType<typeof openWorkerFixture>>;
