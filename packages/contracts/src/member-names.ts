import { z } from '@hono/zod-openapi';

/** The part of a schema that reading JSON needs: what its members are called, and where lists are. */
export type Shape =
  | { kind: 'object'; members: ReadonlyMap<string, Member> }
  | { kind: 'list'; item: Shape }
  | { kind: 'value' };
type Member = { name: string; shape: Shape };

/** Reads the shape off a schema, as it is before any transformation. */
export function shapeOf(schema: z.core.$ZodType): Shape {
  if (schema instanceof z.core.$ZodObject) {
    const members = new Map<string, Member>();
    for (const [name, member] of Object.entries(schema._zod.def.shape)) {
      const entry = { name, shape: shapeOf(member) };
      members.set(name, entry).set(name.toLowerCase(), entry);
    }
    return { kind: 'object', members };
  }
  if (schema instanceof z.core.$ZodArray) return { kind: 'list', item: shapeOf(schema._zod.def.element) };
  if (schema instanceof z.core.$ZodPipe) return shapeOf(schema._zod.def.in);
  if (
    schema instanceof z.core.$ZodOptional ||
    schema instanceof z.core.$ZodNullable ||
    schema instanceof z.core.$ZodDefault
  ) {
    return shapeOf(schema._zod.def.innerType);
  }
  return { kind: 'value' };
}

/** What reading found beside the value itself. */
export type Reading = {
  /** Paths of strings that cannot be stored. */
  unstorable: string[];
  /** How many items the lists have, together. */
  itemCount: number;
  /** Whether null is read as a list without items; a list is not nullable otherwise. */
  nullAsEmptyList: boolean;
};

/**
 * Gives members the names that the schema knows them by: a request may write them in any casing. Where two differ in
 * casing only, the last one wins. What needs no change is returned as it is, not copied.
 */
export function withMemberNames(value: unknown, shape: Shape, reading: Reading, path = ''): unknown {
  if (typeof value === 'string') {
    if (!isStorable(value)) reading.unstorable.push(path);
    return value;
  }
  if (value === null) return shape.kind === 'list' && reading.nullAsEmptyList ? [] : value;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return shape.kind === 'list' ? readList(value, shape.item, reading, path) : value;
  return shape.kind === 'object' ? readObject(value, shape.members, reading, path) : value;
}

function readList(list: readonly unknown[], item: Shape, reading: Reading, path: string): readonly unknown[] {
  reading.itemCount += list.length;
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const given = list[index];
    const read = withMemberNames(given, item, reading, `${path}[${index}]`);
    if (read === given) continue;
    copy ??= [...list];
    copy[index] = read;
  }
  return copy ?? list;
}

function readObject(object: object, members: ReadonlyMap<string, Member>, reading: Reading, path: string): object {
  let changed = false;
  const read: [name: string, value: unknown][] = [];
  for (const [key, given] of Object.entries(object)) {
    const member = members.get(key) ?? members.get(key.toLowerCase());
    if (member === undefined) continue;
    const { name, shape } = member;
    const value = withMemberNames(given, shape, reading, path === '' ? name : `${path}.${name}`);
    changed ||= value !== given || name !== key;
    read.push([name, value]);
  }
  return changed ? Object.fromEntries(read) : object;
}

/** Postgres stores neither the character U+0000 nor half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
