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

/** Where reading is: names of members, positions in lists. Put together only for who needs to be told. */
type Place = (string | number)[];

/**
 * Gives members the names that the schema knows them by: a request may write them in any casing. Where two differ in
 * casing only, the last one wins. What needs no change is returned as it is, not copied.
 */
export function withMemberNames(value: unknown, shape: Shape, reading: Reading): unknown {
  return read(value, shape, reading, []);
}

function read(value: unknown, shape: Shape, reading: Reading, place: Place): unknown {
  if (typeof value === 'string') {
    if (!isStorable(value)) reading.unstorable.push(pathOf(place));
    return value;
  }
  if (value === null) return shape.kind === 'list' && reading.nullAsEmptyList ? [] : value;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return shape.kind === 'list' ? readList(value, shape.item, reading, place) : value;
  return shape.kind === 'object' ? readObject(value, shape.members, reading, place) : value;
}

function readList(list: readonly unknown[], item: Shape, reading: Reading, place: Place): readonly unknown[] {
  reading.itemCount += list.length;
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const given = list[index];
    place.push(index);
    const value = read(given, item, reading, place);
    place.pop();
    if (value === given) continue;
    copy ??= [...list];
    copy[index] = value;
  }
  return copy ?? list;
}

function readObject(object: object, members: ReadonlyMap<string, Member>, reading: Reading, place: Place): object {
  const keys = Object.keys(object);
  const given: unknown[] = Object.values(object);
  let copy: [name: string, value: unknown][] | undefined;
  for (const [index, key] of keys.entries()) {
    const member = members.get(key) ?? members.get(key.toLowerCase());
    if (member === undefined) continue;
    const { name, shape } = member;
    place.push(name);
    const value = read(given[index], shape, reading, place);
    place.pop();
    if (copy === undefined && value === given[index] && name === key) continue;
    copy ??= Object.entries(object)
      .slice(0, index)
      .filter(([earlier]) => members.has(earlier));
    copy.push([name, value]);
  }
  return copy === undefined ? object : Object.fromEntries(copy);
}

function pathOf(place: Place): string {
  return place
    .map((step, depth) => (typeof step === 'number' ? `[${step}]` : depth === 0 ? step : `.${step}`))
    .join('');
}

/** Postgres stores neither the character U+0000 nor half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
