import { parseTimestamp, type Timestamp } from '@dialog/contracts/timestamp';
import { z } from 'zod';

type Enumeration<Name> = z.ZodType<Name>;

// In a query a bare + is a blank, which is the usual reason why an offset is not found.
const timestampRule = 'A timestamp needs a date, a time and an offset (Z or +hh:mm, with the + written as %2B).';

const jsonList = z.array(z.union([z.string(), z.number()]).transform(String));

/**
 * The query of a request, read name by name, and what is wrong with it, gathered under the keys of the API.
 *
 * Names are matched without regard to case. A list is given by repeating its parameter or as one JSON array; a comma
 * separates nothing. A scalar without text counts as left out, and of several the last counts (service owner API,
 * section 3.3).
 */
export class QueryParameters {
  readonly errors: Record<string, string[]> = {};
  readonly #values = new Map<string, string[]>();

  constructor(url: string) {
    for (const [name, value] of new URL(url).searchParams) {
      const key = name.toLowerCase();
      const values = this.#values.get(key);
      if (values === undefined) this.#values.set(key, [value]);
      else values.push(value);
    }
  }

  get isValid(): boolean {
    return Object.keys(this.errors).length === 0;
  }

  refuse(key: string, message: string): undefined {
    const messages = this.errors[key];
    if (messages === undefined) this.errors[key] = [message];
    else messages.push(message);
  }

  /** Whether a parameter is there, if only without a value. */
  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  text(name: string): string | undefined {
    const text = this.#given(name).at(-1);
    return text === undefined || text === '' ? undefined : this.#storable(name, [text])[0];
  }

  list(name: string): string[] {
    const given = this.#given(name).flatMap((text) => listIn(text) ?? [text]);
    return [...new Set(this.#storable(name, given))];
  }

  timestamp(name: string): Timestamp | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    return parseTimestamp(text) ?? this.refuse(name, timestampRule);
  }

  boolean(name: string): boolean | undefined {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return undefined;
    return text === 'true' || text === 'false' ? text === 'true' : this.refuse(name, 'Must be true or false.');
  }

  integer(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : this.refuse(name, `Must be a whole number from ${min} to ${max}.`);
  }

  enumeration<Name>(name: string, members: Enumeration<Name>): Name | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : this.#member(name, name, text, members);
  }

  enumerations<Name>(name: string, members: Enumeration<Name>): Name[] {
    const named = this.list(name).map((text, index) => this.#member(name, `${name}[${index}]`, text, members));
    return [...new Set(named.filter((member) => member !== undefined))];
  }

  /** A number that stands for nothing can be read and breaks a rule; a name that is none cannot be read. */
  #member<Name>(name: string, key: string, text: string, members: Enumeration<Name>): Name | undefined {
    const parsed = members.safeParse(text);
    if (parsed.success) return parsed.data;
    const message = parsed.error.issues[0]?.message ?? 'Unknown.';
    return this.refuse(/^-?\d+$/.test(text) ? key : name, message);
  }

  #given(name: string): string[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  /** Text with a NUL is none that Postgres could hold, or compare with. */
  #storable(name: string, texts: string[]): string[] {
    if (!texts.some((text) => text.includes('\0'))) return texts;
    this.refuse(name, 'Must not have a NUL character.');
    return [];
  }
}

/** The values in a JSON array; undefined for text that is none, and stands for itself. */
function listIn(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    return jsonList.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
