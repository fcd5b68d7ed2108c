import type { AuthenticationLevels } from '@dialog/access/platform/authentication-levels';
import type { DialogContent } from '@dialog/contracts/content';
import type { DialogListItem } from '@dialog/contracts/dialog-list-view';
import { activityView, dialogSummary, seenLogs } from '../dialog-view.ts';
import type { ListedDialog } from './list-dialogs.ts';

/** What the items of a list depend on beside the dialogs. */
export type ItemContext = {
  /** The end user for whom the list is, if it is for one. */
  endUserId: string | null;
  /** Resources whose dialogs want some level of authentication of their readers: lists are discreet about those. */
  sensitiveResources: ReadonlySet<string>;
};

/** Of the resources of some dialogs, those whose policy demands a higher level of authentication than the reader has. */
export async function findSensitiveResources(
  authenticationLevels: AuthenticationLevels,
  dialogs: readonly ListedDialog[],
  readerLevel = 0,
): Promise<ReadonlySet<string>> {
  const resources = [...new Set(dialogs.map(({ serviceResource }) => serviceResource))];
  const levels = await Promise.all(resources.map((resource) => authenticationLevels.minimumLevelOf(resource)));
  return new Set(resources.filter((_, index) => (levels[index] ?? 0) > readerLevel));
}

/** A dialog in a search result (service owner API, section 14.9). */
export function dialogListItem(dialog: ListedDialog, { endUserId, sensitiveResources }: ItemContext): DialogListItem {
  const { content, latestActivity, lastVisits } = dialog;
  return {
    ...dialogSummary(dialog),
    content: content === null ? undefined : contentView(content, sensitiveResources.has(dialog.serviceResource)),
    guiAttachmentCount: dialog.guiAttachmentCount,
    latestActivity:
      latestActivity === null
        ? undefined
        : { ...activityView(latestActivity), description: latestActivity.description ?? [] },
    ...seenLogs(dialog, lastVisits, endUserId),
  };
}

/** A sensitive dialog shows its title and summary for others instead of its own, where it has them (section 17.7). */
function contentView(content: DialogContent, isSensitive: boolean): NonNullable<DialogListItem['content']> {
  const { nonSensitiveTitle, nonSensitiveSummary } = isSensitive ? content : {};
  return {
    title: nonSensitiveTitle ?? content.title,
    summary: nonSensitiveSummary ?? content.summary ?? undefined,
    extendedStatus: content.extendedStatus ?? undefined,
    senderName: content.senderName ?? undefined,
  };
}
