import { latestOf } from '@dialog/contracts/timestamp';
import type { Dialog } from './dialog.ts';
import type { Context } from './outcome.ts';

/**
 * Gives a changed dialog its new revision and moves its timestamps (service owner API, sections 13.2 and 13.3).
 *
 * A silent change moves none. A dialog that is not visible yet is, to its readers, new at the moment it becomes
 * visible, whatever happened before. `updatedAt` never goes back, even if a caller once set it a little ahead.
 */
export function modified(
  dialog: Dialog,
  { content, silent }: { content: boolean; silent: boolean },
  context: Context,
): Dialog {
  const { visibleFrom } = dialog;
  const revised = { ...dialog, revision: context.newRevision() };
  if (visibleFrom !== null && visibleFrom > context.now) {
    return { ...revised, updatedAt: visibleFrom, contentUpdatedAt: visibleFrom, contentSeen: false };
  }
  if (silent) return revised;
  const updatedAt = latestOf(context.now, dialog.updatedAt);
  return content
    ? { ...revised, updatedAt, contentUpdatedAt: updatedAt, contentSeen: false }
    : { ...revised, updatedAt };
}
