import type { z } from 'zod';

/** Carried by a zod issue: the JSON holds something that cannot be read as the member's type. */
export const unreadable = { unreadable: true } as const;

/** Whether a zod issue says that the JSON cannot be read, as against a value that can be read and breaks a rule. */
export function isUnreadable(issue: z.core.$ZodRawIssue): boolean {
  if (issue.input === undefined) return issue.inst !== undefined && mustBeWritten.has(issue.inst);
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_union':
      return true;
    case 'invalid_format':
      return issue.format === 'guid';
    case 'custom':
      return issue.params === unreadable;
    default:
      return false;
  }
}

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

export function isToldOnParent(issue: z.core.$ZodRawIssue): boolean {
  return issue.input === undefined && issue.inst !== undefined && toldOnParent.has(issue.inst);
}

/** Adds a broken rule to what a check found. Reading goes on: one answer names everything that is wrong. */
export function addBroken(payload: z.core.ParsePayload, message: string, path: PropertyKey[] = []): void {
  payload.issues.push({ code: 'custom', input: payload.value, message, path, continue: true });
}
