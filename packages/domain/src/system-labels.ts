import { type Dialog, isFromParty, type SystemLabel, type Transmission } from './dialog.ts';
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

function withLabels(dialog: Dialog, labels: readonly SystemLabel[], context: Context): Dialog {
  return {
    ...dialog,
    systemLabels: order.filter((label) => labels.includes(label)),
    endUserContextRevision: context.newRevision(),
  };
}
