import {
  createListAuthorizations,
  type ListAuthorizations,
  type ListSettings,
} from '@dialog/access/list-authorization';
import type { Platform } from '@dialog/access/platform/platform';
import type { Database } from '@dialog/database/open';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as partyResources from '@dialog/database/tables/party-resources';
import { read } from './database-reads.ts';

/** What persons may find in lists, as the platform tells it and the database knows the labels of dialogs. */
export function listAuthorizationsOf(
  { authorisedParties, subjectResources }: Pick<Platform, 'authorisedParties' | 'subjectResources'>,
  db: Database,
  settings?: ListSettings,
): ListAuthorizations {
  return createListAuthorizations(
    {
      authorisedParties,
      subjectResources: async () => (await subjectResources.table()).resourcesOf,
      dialogsLabelled: (labels) => read(() => dialogs.idsLabelled(db, labels)),
      resourcesInUse: (parties, resources) => read(() => partyResources.findInUse(db, parties, resources)),
    },
    settings,
  );
}
