import type { AttachmentBody } from '@dialog/contracts/attachment';
import type { Context, Errors } from './outcome.ts';

/** A new or changed attachment must not have expired already, for everybody and for silent changes too (8.2). */
export function addExpiredAttachments(
  key: 'Attachments.ExpiresAt' | 'Transmissions.Attachments.ExpiresAt',
  attachments: readonly Pick<AttachmentBody, 'expiresAt'>[],
  { now }: Context,
  errors: Errors,
): void {
  if (attachments.some(({ expiresAt }) => expiresAt !== null && expiresAt <= now)) {
    errors.add(key, 'An attachment must not expire before it is added.');
  }
}
