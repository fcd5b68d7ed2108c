import type { Command } from '@dialog/contracts/commands';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { record } from './dialog-state.ts';
import {
  activityBody,
  at,
  content,
  contextAt,
  createActivity,
  createDialog,
  createTransmission,
  id,
  patchDialog,
  transmissionBody,
  updateDialog,
} from './testing/examples.ts';
import { stateAfter } from './testing/given.ts';

const silent = fc.boolean();
const transmissionId = fc.option(fc.integer({ min: 20, max: 24 }).map(id), { nil: null });
const related = fc.option(fc.integer({ min: 20, max: 24 }).map(id), { nil: null });
const key = fc.option(fc.constantFrom('key-1', 'key-2'), { nil: null });

const transmission = fc
  .record({
    id: transmissionId,
    relatedTransmissionId: related,
    idempotentKey: key,
    type: fc.constantFrom('Information' as const, 'Submission' as const),
  })
  .map(transmissionBody);
const update = fc
  .record({
    status: fc.constantFrom('NotApplicable' as const, 'Completed' as const, 'Draft' as const),
    progress: fc.option(fc.integer({ min: 0, max: 100 }), { nil: null }),
    content: fc.constantFrom(content(), content('Ny')),
    searchTags: fc.subarray(['bygg', 'tomt']),
    // Two with the same id are no valid body; two without one are.
    transmissions: fc.uniqueArray(transmission, { maxLength: 2, selector: (body) => body.id ?? body }),
    activities: fc.array(fc.constant(activityBody()), { maxLength: 1 }),
  })
  .map((body) => updateDialog(body));

/** Any command on the example dialog; many of them are rejected, as in life. */
const command: fc.Arbitrary<Command> = fc
  .oneof(
    fc.constant(createDialog()),
    fc.constant(createDialog({ idempotentKey: 'case-1', systemLabel: 'Bin' })),
    update,
    transmission.map((body) => createTransmission(body)),
    fc
      .record({ transmissionId: related })
      .map((body) =>
        createActivity(body.transmissionId === null ? {} : { ...body, type: 'TransmissionOpened' as const }),
      ),
    fc.constantFrom(
      patchDialog([{ op: 'replace', path: '/status', value: 'Completed' }]),
      patchDialog([{ op: 'remove', path: '/searchTags/0' }]),
    ),
  )
  .chain((any) =>
    fc
      .record({ silent, ifMatch: fc.option(fc.constant(id(4)), { nil: null, freq: 20 }) })
      .map((header) => ({ ...any, ...header })),
  );

const history = fc.array(command, { maxLength: 25 });

/** Decides a history from an empty state, an example minute apart, and hands out what each command did. */
function* decisions(commands: readonly Command[], visibleFrom: ReturnType<typeof at> | null) {
  const state = stateAfter([createDialog({ visibleFrom })], contextAt(at('11:00')));
  for (const [index, next] of commands.entries()) {
    const context = {
      ...contextAt(at(`12:${String(index).padStart(2, '0')}`)),
      newRevision: () => `revision ${index}`,
    };
    const before = structuredClone(state);
    const outcome = decide(state, next, context);
    expect(state).toEqual(before);
    if (outcome.kind === 'applied') for (const change of outcome.changes) record(state, change);
    yield { command: next, context, before, state, outcome };
  }
}

describe('any history of commands', () => {
  const visibility = fc.constantFrom(null, at('12:10'));

  it('keeps contentUpdatedAt at or before updatedAt, and neither goes back', () =>
    fc.assert(
      fc.property(history, visibility, (commands, visibleFrom) => {
        for (const { before, state } of decisions(commands, visibleFrom)) {
          for (const [dialogId, dialog] of state.dialogs) {
            expect(dialog.contentUpdatedAt <= dialog.updatedAt).toBe(true);
            const earlier = before.dialogs.get(dialogId);
            if (earlier === undefined) continue;
            expect(dialog.updatedAt >= earlier.updatedAt).toBe(true);
            expect(dialog.contentUpdatedAt >= earlier.contentUpdatedAt).toBe(true);
          }
        }
      }),
    ));

  it('gives a new revision for every change of the dialog, and answers with the revision that the dialog has', () =>
    fc.assert(
      fc.property(history, (commands) => {
        const seen = new Set<string>();
        for (const { command, before, state, outcome } of decisions(commands, null)) {
          if (outcome.kind === 'rejected') continue;
          const dialog = state.dialogs.get(command.dialogId);
          expect(outcome.revision).toBe(dialog?.revision);
          const earlier = before.dialogs.get(command.dialogId)?.revision;
          if (outcome.revision === earlier) continue;
          expect(seen.has(outcome.revision)).toBe(false);
          seen.add(outcome.revision);
        }
      }),
    ));

  it('moves no timestamp of a visible dialog and gives no event for silent changes', () =>
    fc.assert(
      fc.property(history, (commands) => {
        for (const { command, before, state, outcome } of decisions(commands, null)) {
          if (!command.silent || outcome.kind === 'rejected') continue;
          expect(outcome.changes[0]?.events ?? []).toEqual([]);
          const earlier = before.dialogs.get(command.dialogId);
          if (earlier === undefined) continue;
          const { updatedAt, contentUpdatedAt, systemLabels } = earlier;
          expect(state.dialogs.get(command.dialogId)).toMatchObject({ updatedAt, contentUpdatedAt });
          expect(state.dialogs.get(command.dialogId)?.systemLabels).toEqual(expect.arrayContaining(systemLabels));
        }
      }),
    ));

  it('counts exactly the transmissions that were added', () =>
    fc.assert(
      fc.property(history, (commands) => {
        let added = 0;
        for (const { command, state, outcome } of decisions(commands, null)) {
          if (outcome.kind === 'applied') added += outcome.changes[0]?.transmissions.length ?? 0;
          const dialog = state.dialogs.get(command.dialogId);
          const counted =
            (dialog?.fromPartyTransmissionsCount ?? 0) + (dialog?.fromServiceOwnerTransmissionsCount ?? 0);
          expect(counted).toBe(added);
          const unopened = [...state.transmissions.values()].filter(
            ({ type, opened }) => type === 'Information' && !opened,
          );
          expect(dialog?.unopenedTransmissionsCount).toBe(unopened.length);
        }
      }),
    ));

  it('never lets the party hear of a dialog that it cannot see', () =>
    fc.assert(
      fc.property(history, (commands) => {
        for (const { context, outcome } of decisions(commands, at('12:10'))) {
          if (outcome.kind === 'rejected') continue;
          const audiences = new Set((outcome.changes[0]?.events ?? []).flatMap((event) => event.audiences));
          expect(audiences.has('party')).toBe(audiences.size > 0 && context.now >= at('12:10'));
        }
      }),
    ));

  it('takes each chosen id and each key of a transmission once', () =>
    fc.assert(
      fc.property(history, (commands) => {
        const ids: string[] = [];
        const keys: string[] = [];
        for (const { outcome } of decisions(commands, null)) {
          if (outcome.kind === 'rejected') continue;
          ids.push(...(outcome.changes[0]?.chosenIds ?? []));
          for (const { idempotentKey } of outcome.changes[0]?.transmissions ?? [])
            if (idempotentKey !== null) keys.push(idempotentKey);
        }
        expect(new Set(ids).size).toBe(ids.length);
        expect(new Set(keys).size).toBe(keys.length);
      }),
    ));
});
