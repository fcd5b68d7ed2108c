import type { AppendedTransmissions } from './append-transmissions.ts';
import { type Activity, type Dialog, isFromParty, type KnownTransmission, type Transmission } from './dialog.ts';
import { childKey, type DialogState } from './dialog-state.ts';

/**
 * Counts new children into the dialog, and marks the transmissions that the activities say were opened.
 * The counters are what makes "has unopened content" known without reading the dialog's transmissions (section 13.5).
 */
export function afterAppending(
  dialog: Dialog,
  appended: AppendedTransmissions,
  activities: readonly Activity[],
  state: DialogState,
): { dialog: Dialog; transmissions: Transmission[]; touched: KnownTransmission[] } {
  const added = new Map(appended.transmissions.map((transmission) => [transmission.id, transmission]));
  const touched = new Map(appended.touched.map((transmission) => [transmission.id, transmission]));
  let openedBefore = 0;

  for (const { type, transmissionId } of activities) {
    if (type !== 'TransmissionOpened' || transmissionId === null) continue;
    const fresh = added.get(transmissionId);
    if (fresh !== undefined) {
      added.set(transmissionId, { ...fresh, opened: true });
      continue;
    }
    const known = touched.get(transmissionId) ?? state.transmissions.get(childKey(dialog.id, transmissionId));
    if (known === undefined || known.opened) continue;
    touched.set(transmissionId, { ...known, opened: true });
    if (!isFromParty(known)) openedBefore += 1;
  }

  const transmissions = [...added.values()];
  const fromParty = transmissions.filter(isFromParty).length;
  const unopened = transmissions.filter((transmission) => !isFromParty(transmission) && !transmission.opened).length;
  return {
    dialog: {
      ...dialog,
      fromPartyTransmissionsCount: dialog.fromPartyTransmissionsCount + fromParty,
      fromServiceOwnerTransmissionsCount: dialog.fromServiceOwnerTransmissionsCount + transmissions.length - fromParty,
      unopenedTransmissionsCount: dialog.unopenedTransmissionsCount + unopened - openedBefore,
      // A new unopened transmission is reason enough, whatever was told before.
      unopenedContentOverride: unopened > 0 ? null : dialog.unopenedContentOverride,
      contentlessTransmissionsCount:
        dialog.contentlessTransmissionsCount + transmissions.filter(({ content }) => content === null).length,
      correspondenceOpened:
        dialog.correspondenceOpened || activities.some(({ type }) => type === 'CorrespondenceOpened'),
    },
    transmissions,
    touched: [...touched.values()],
  };
}
