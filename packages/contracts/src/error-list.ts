import { z } from '@hono/zod-openapi';
import { isAbsence, isUnreadable, pathOf } from './fault.ts';

/** Messages by key, for the `errors` of a problem. */
export type Errors = Record<string, string[]>;

/** Most messages of one answer. */
const messageCountMax = 1_000;
/** The key of faults that have no path. */
const wholeBody = 'SerializerErrors';

/**
 * Collects what is wrong with a body, under the keys of the API (service owner API, section 4.2): the path of a member,
 * with a prefix where the JSON could be read and breaks a rule.
 */
export class ErrorList {
  readonly byKey: Errors = {};
  readonly #prefix: string;
  #count = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  addBroken(path: string, message: string): void {
    this.#add(`${this.#prefix}${path}`, message);
  }

  /** Something beside the body: a query parameter that goes with it. */
  addOutside(key: string, message: string): void {
    this.#add(key, message);
  }

  addUnreadable(path: string, message: string): void {
    this.#add(path === '' ? wholeBody : path, message);
  }

  addIssue(issue: z.core.$ZodRawIssue): void {
    const path = printed(pathOf(issue));
    const message = isAbsence(issue) ? 'Is required.' : z.core.util.finalizeIssue(issue, undefined, z.config()).message;
    if (isUnreadable(issue)) this.addUnreadable(path, message);
    else this.addBroken(path, message);
  }

  #add(key: string, message: string): void {
    if (this.#count++ >= messageCountMax) return;
    const messages = this.byKey[key];
    if (messages === undefined) this.byKey[key] = [message];
    else messages.push(message);
  }
}

/** `attachments[0].urls[1].url` */
function printed(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}
