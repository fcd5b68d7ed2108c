import { z } from '@hono/zod-openapi';
import { dialogMembers } from './dialog-members.ts';
import { dialogStatusInput } from './enumerations.ts';

/** Replaces what may change of a dialog; transmissions and activities are added to those that it has. */
export const updateDialogBody = z.object({ ...dialogMembers, status: dialogStatusInput }).openapi('UpdateDialog');
export type UpdateDialogBody = z.output<typeof updateDialogBody>;
