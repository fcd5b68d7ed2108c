import type { ActivityBody } from '@dialog/contracts/activity';
import type { Actor } from '@dialog/contracts/actor';
import type { ApiActionBody } from '@dialog/contracts/api-action';
import type { AttachmentBody } from '@dialog/contracts/attachment';
import type { CreateDialogBody } from '@dialog/contracts/create-dialog';
import type { DialogEvent } from '@dialog/contracts/dialog-event';
import type { SystemLabel } from '@dialog/contracts/enumerations';
import type { GuiActionBody } from '@dialog/contracts/gui-action';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { TransmissionBody } from '@dialog/contracts/transmission';

/** A body whose id is settled: the caller's, or a new one. */
type Identified<Body> = Omit<Body, 'id'> & { id: string };

export type Attachment = Omit<Identified<AttachmentBody>, 'urls'> & {
  urls: Identified<AttachmentBody['urls'][number]>[];
};
export type GuiAction = Identified<GuiActionBody>;
export type ApiAction = Omit<Identified<ApiActionBody>, 'endpoints'> & {
  endpoints: Identified<ApiActionBody['endpoints'][number]>[];
};

/** The state of one dialog that decisions are made on: all but its append-only children, of which it keeps counters. */
export type Dialog = Pick<
  CreateDialogBody,
  | 'party'
  | 'serviceResource'
  | 'idempotentKey'
  | 'status'
  | 'progress'
  | 'extendedStatus'
  | 'externalReference'
  | 'process'
  | 'precedingProcess'
  | 'isApiOnly'
  | 'dueAt'
  | 'expiresAt'
  | 'visibleFrom'
  | 'content'
  | 'searchTags'
  | 'serviceOwnerLabels'
> & {
  id: string;
  org: string;
  serviceResourceType: string;
  revision: string;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  contentUpdatedAt: Timestamp;
  deletedAt: Timestamp | null;
  frozen: boolean;
  attachments: Attachment[];
  guiActions: GuiAction[];
  apiActions: ApiAction[];
  /** In the order of the API's enumeration. Exactly one of Default, Bin and Archive is among them. */
  systemLabels: SystemLabel[];
  endUserContextRevision: string;
  serviceOwnerContextRevision: string;
  /** Whether an end user has opened the dialog since its content last changed. */
  contentSeen: boolean;
  fromServiceOwnerTransmissionsCount: number;
  fromPartyTransmissionsCount: number;
  /** Transmissions from the service owner that nobody has opened. */
  unopenedTransmissionsCount: number;
  /**
   * What the dialog goes on telling of unopened content although its transmissions say otherwise, as one of them was
   * moved to the other side. Null as long as they say the same.
   */
  unopenedContentOverride: boolean | null;
  contentlessTransmissionsCount: number;
  /** Whether an activity of type CorrespondenceOpened has been registered. */
  correspondenceOpened: boolean;
  /** Events that the party gets once it can see the dialog, of which it has heard nothing. Null as soon as it has. */
  withheldEventsCount: number | null;
  /** When time alone next changes what the party can see, and has to hear of. Null when it never will by itself. */
  visibilityDueAt: Timestamp | null;
};

/** A transmission as stored. `depth` is 1 for a root; `repliesCount` counts its direct children. */
export type Transmission = Omit<Identified<TransmissionBody>, 'createdAt' | 'attachments'> & {
  dialogId: string;
  createdAt: Timestamp;
  attachments: Attachment[];
  depth: number;
  repliesCount: number;
  opened: boolean;
};

/** What a decision needs to know of a transmission that is there already. */
export type KnownTransmission = Pick<
  Transmission,
  'dialogId' | 'id' | 'type' | 'relatedTransmissionId' | 'depth' | 'repliesCount' | 'opened'
>;

export type Activity = Omit<Identified<ActivityBody>, 'createdAt'> & { dialogId: string; createdAt: Timestamp };

/** What a decision needs to know of an activity that is there already. */
export type KnownActivity = Pick<Activity, 'dialogId' | 'id' | 'type'>;

/** An activity that has another time from now on. */
export type MovedActivity = Pick<Activity, 'dialogId' | 'id' | 'createdAt'>;

/** A line of the label log: somebody put a system label on a dialog, or took it away. */
export type LabelAssignment = {
  dialogId: string;
  id: string;
  createdAt: Timestamp;
  name: `systemlabel:${SystemLabel}`;
  action: 'set' | 'remove';
  performedBy: Actor;
};

/** A line of the seen log: an end user opened a dialog, or a service owner did on the end user's behalf. */
export type SeenLogEntry = {
  dialogId: string;
  id: string;
  seenAt: Timestamp;
  seenBy: Actor & { actorId: string };
  isViaServiceOwner: boolean;
};

/** An event that the party gets later. `seq` counts from 1 in each dialog. */
export type WithheldEvent = { dialogId: string; seq: number; event: DialogEvent };

/** A transmission of these types comes from the party, whoever its sender is (service owner API, section 13.5). */
export function isFromParty({ type }: Pick<Transmission, 'type'>): boolean {
  return type === 'Submission' || type === 'Correction';
}

type Openable = Pick<Dialog, 'unopenedTransmissionsCount' | 'serviceResourceType' | 'correspondenceOpened'>;

export function hasUnopenedContent(dialog: Openable & Pick<Dialog, 'unopenedContentOverride'>): boolean {
  return dialog.unopenedContentOverride ?? somethingIsUnopened(dialog);
}

/** What the dialog's children say. Correspondences are unopened until somebody has opened the correspondence itself. */
export function somethingIsUnopened(dialog: Openable): boolean {
  return (
    dialog.unopenedTransmissionsCount > 0 ||
    (dialog.serviceResourceType === 'correspondenceservice' && !dialog.correspondenceOpened)
  );
}

/** The dialog, telling this of its unopened content. */
export function tellingUnopened(dialog: Dialog, unopened: boolean): Dialog {
  return { ...dialog, unopenedContentOverride: unopened === somethingIsUnopened(dialog) ? null : unopened };
}

/** Whether the party may see the dialog at this moment. */
export function isVisible(dialog: Dialog, now: Timestamp): boolean {
  return isCurrent(dialog, now) && dialog.deletedAt === null;
}

/** Whether the dialog's time has come and is not over. */
export function isCurrent(
  { visibleFrom, expiresAt }: Pick<Dialog, 'visibleFrom' | 'expiresAt'>,
  now: Timestamp,
): boolean {
  return (visibleFrom === null || visibleFrom <= now) && (expiresAt === null || now < expiresAt);
}
