import type { Database } from '@dialog/database/open';
import type { GatewayContext } from './gateway-app.ts';
import { gone, invalid, notFound } from './problem-response.ts';
import { findReadableDialog } from './read-dialog.ts';
import { errorsOf, pathId } from './request-parameters.ts';

type Refused = { ok: false; response: Response };

/**
 * Reads whose transmissions or activities are asked for. 404 for a dialog that the caller may not know of, and 410 for a
 * deleted one, come before anything about its children.
 *
 * @throws DatabaseUnavailable
 */
export async function readListRequest(
  c: GatewayContext,
  db: Database,
): Promise<{ ok: true; dialogId: string } | Refused> {
  const dialogId = pathId(c, 'dialogId');
  if (!dialogId.ok) return refused(invalid(c, dialogId.errors));
  const dialog = await findReadableDialog(db, dialogId.value, c.get('serviceOwner'));
  if (dialog === undefined) return refused(notFound(c, 'DialogEntity', dialogId.value));
  if (dialog.deletedAt !== null) return refused(gone(c, dialogId.value));
  return { ok: true, dialogId: dialogId.value };
}

/** As {@link readListRequest}, for one child; `parameter` is the name of its id in the path. */
export async function readChildRequest(
  c: GatewayContext,
  db: Database,
  parameter: string,
): Promise<{ ok: true; dialogId: string; id: string } | Refused> {
  const id = pathId(c, parameter);
  if (!id.ok) return refused(invalid(c, errorsOf(pathId(c, 'dialogId'), id)));
  const dialog = await readListRequest(c, db);
  return dialog.ok ? { ...dialog, id: id.value } : dialog;
}

function refused(response: Response): Refused {
  return { ok: false, response };
}
