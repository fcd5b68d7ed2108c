import type { Permissions } from '@dialog/access/details-authorization';
import type { DialogView } from '@dialog/contracts/dialog-view';

/**
 * A dialog with what the reader may do with each of its parts. Nothing is taken away: it is the service owner who reads,
 * and who is told what its end user may do (section 16).
 */
export function authorizedView(view: DialogView, permissions: Permissions): DialogView {
  const authorized = <Part extends { authorizationAttribute?: string | undefined }>(
    part: Part,
    isAuthorized: (part: Part & { authorizationAttribute: string | null }) => boolean,
  ) => {
    const { authorizationAttribute = null } = part;
    return { ...part, isAuthorized: isAuthorized({ ...part, authorizationAttribute }) };
  };
  return {
    ...view,
    content: view.content && authorizedContent(view.content, permissions),
    apiActions: view.apiActions.map((action) => authorized(action, permissions.act)),
    guiActions: view.guiActions.map((action) => authorized(action, permissions.act)),
    transmissions: view.transmissions.map((transmission) => authorized(transmission, permissions.readTransmission)),
  };
}

type Content = NonNullable<DialogView['content']>;

function authorizedContent(content: Content, { mainContent }: Permissions): Content {
  const { mainContentReference } = content;
  if (mainContentReference === undefined) return content;
  return { ...content, mainContentReference: { ...mainContentReference, isAuthorized: mainContent } };
}
