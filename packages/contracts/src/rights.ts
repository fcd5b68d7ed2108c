import { z } from 'zod';

/** What the caller's scopes allow beyond the ordinary (service owner API, sections 2.5, 2.6 and 9). */
export const rights = z.object({ admin: z.boolean(), correspondence: z.boolean(), legacyHtml: z.boolean() });
export type Rights = z.infer<typeof rights>;

/** Of end users, who have no scopes of service owners. */
export const noRights: Rights = { admin: false, correspondence: false, legacyHtml: false };
