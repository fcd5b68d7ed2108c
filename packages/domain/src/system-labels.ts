import type { Actor } from '@dialog/contracts/actor';
import type { SystemLabel } from '@dialog/contracts/enumerations';
import type { Labelling } from '@dialog/contracts/system-labels';
import { type Dialog, isFromParty, type LabelAssignment, type Transmission } from './dialog.ts';
import type { Context } from './outcome.ts';

const order: readonly SystemLabel[] = ['Default', 'Bin', 'Archive', 'MarkedAsUnopened', 'Sent'];

/** Marks a dialog as `Sent` once the party has sent a transmission; the mark stays (section 13.6). */
export function withSent(dialog: Dialog, added: readonly Transmission[], context: Context): Dialog {
  if (dialog.systemLabels.includes('Sent') || !added.some(isFromParty)) return dialog;
  return withLabels(dialog, [...dialog.systemLabels, 'Sent'], context);
}

/** Takes a dialog out of the bin or the archive, as every change does that is not silent. */
export function backToDefault(dialog: Dialog, context: Context): Dialog {
  if (dialog.systemLabels.includes('Default')) return dialog;
  const kept = dialog.systemLabels.filter((label) => label !== 'Bin' && label !== 'Archive');
  return withLabels(dialog, ['Default', ...kept], context);
}

/**
 * Takes labels from a dialog, then puts labels on it, in the order given, each once. A dialog is in one place: Default,
 * Bin or Archive; one that is taken from its place is back in Default.
 */
export function relabelled(
  dialog: Dialog,
  { removeLabels, addLabels }: Pick<Labelling, 'removeLabels' | 'addLabels'>,
  context: Context,
): Dialog {
  const labels = new Set(dialog.systemLabels);
  for (const label of removeLabels) if (labels.delete(label) && isPlace(label)) labels.add('Default');
  // A label that is given twice counts where it is given first.
  for (const label of new Set(addLabels)) {
    if (isPlace(label)) for (const place of places) labels.delete(place);
    labels.add(label);
  }
  const unchanged =
    labels.size === dialog.systemLabels.length && dialog.systemLabels.every((label) => labels.has(label));
  return unchanged ? dialog : withLabels(dialog, [...labels], context);
}

/**
 * The lines of the label log that lead from one state of a dialog to another, those for new labels first. Default has
 * none: it is the absence of another place.
 */
export function labelAssignments(
  before: Dialog | undefined,
  { id: dialogId, systemLabels }: Dialog,
  performedBy: Actor,
  { now, newId }: Context,
): LabelAssignment[] {
  const had = before?.systemLabels ?? [];
  const line = (label: SystemLabel, action: 'set' | 'remove'): LabelAssignment[] =>
    label === 'Default'
      ? []
      : [{ dialogId, id: newId(), createdAt: now, name: `systemlabel:${label}`, action, performedBy }];
  return [
    ...systemLabels.filter((label) => !had.includes(label)).flatMap((label) => line(label, 'set')),
    ...had.filter((label) => !systemLabels.includes(label)).flatMap((label) => line(label, 'remove')),
  ];
}

const places: readonly SystemLabel[] = ['Default', 'Bin', 'Archive'];

/** Default, Bin and Archive: where a dialog is. The other labels come in addition. */
export function isPlace(label: SystemLabel): boolean {
  return places.includes(label);
}

function withLabels(dialog: Dialog, labels: readonly SystemLabel[], context: Context): Dialog {
  return {
    ...dialog,
    systemLabels: order.filter((label) => labels.includes(label)),
    endUserContextRevision: context.newRevision(),
  };
}
