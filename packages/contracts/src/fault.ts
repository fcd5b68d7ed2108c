import type { z } from 'zod';

/** Carried by a zod issue: the JSON holds something that cannot be read as the member's type. */
export const unreadable = { unreadable: true } as const;

/** Schemas of members that the JSON must hold: their absence is a fault of the JSON, not a broken rule. */
const mustBeWritten = new WeakSet<object>();
/** Schemas of members whose absence is told as a fault of the object that lacks them. */
const toldOnParent = new WeakSet<object>();

export function mustBeInJson<Schema extends z.ZodType>(schema: Schema): Schema {
  mustBeWritten.add(schema);
  return schema;
}

export function absenceToldOnParent<Schema extends z.ZodType>(schema: Schema): Schema {
  toldOnParent.add(schema);
  return schema;
}

/** Adds a broken rule to what a check found. Reading goes on: one answer names everything that is wrong. */
export function addBroken(payload: z.core.ParsePayload, message: string, path: PropertyKey[] = []): void {
  payload.issues.push({ code: 'custom', input: payload.value, message, path, continue: true });
}

/** Whether a zod issue says that the JSON cannot be read, as against a value that can be read and breaks a rule. */
export function isUnreadable(issue: z.core.$ZodRawIssue): boolean {
  if (isAbsence(issue)) return issue.inst !== undefined && mustBeWritten.has(issue.inst);
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') return true;
  if (issue.code === 'invalid_format') return issue.format === 'guid';
  return issue.code === 'custom' && issue.params === unreadable;
}

/** Whether a zod issue says that a required member is not there. */
export function isAbsence(issue: z.core.$ZodRawIssue): boolean {
  return issue.input === undefined && (issue.path ?? []).length > 0;
}

/** The path that a zod issue is told under. */
export function pathOf(issue: z.core.$ZodRawIssue): readonly PropertyKey[] {
  const path = issue.path ?? [];
  return isAbsence(issue) && issue.inst !== undefined && toldOnParent.has(issue.inst) ? path.slice(0, -1) : path;
}
