import { createHash } from 'node:crypto';
import { type BulkKind, dialogOf, type ReadyLine } from './bulk-line.ts';
import type { NumberedLine } from './numbered-lines.ts';

/** Of the 43 characters of a hash. A key may have 36. */
const keyLength = 32;

/** A line of a file, and what can be sent another time without being applied twice. */
export type TextLine = NumberedLine & { repeatable: string };

/**
 * Makes a line of a file ready to be sent. What it says stays as it is; if it is not JSON, the service will say so.
 *
 * @param name of the file. The key that a line gets is a hash of it, the line's number and its text: the same file gives
 *   the same keys whenever it is read, and a line that is corrected gets another
 * @param kind of lines that name none. Those with neither `body` nor `dialogId` are bodies as a whole
 */
export function readyText(
  { number, text }: NumberedLine,
  { name, kind }: { name: string; kind: BulkKind | undefined },
): ReadyLine<TextLine> {
  const members = membersOf(text);
  if (members === undefined) return readyAs(text, undefined, undefined);

  const hash = createHash('sha256')
    .update(JSON.stringify([name, number, text]))
    .digest('base64url');
  const key = hash.slice(0, keyLength);
  const added = { ...(members.kind === undefined && kind !== undefined && { kind }), idempotentKey: key };
  if ('kind' in added && members.body === undefined && members.dialogId === undefined) {
    return readyAs(`${JSON.stringify(added).slice(0, -1)},"body":${text}}`, dialogOf({ body: members }), key);
  }
  const { idempotentKey = key } = members;
  const line = JSON.stringify({ ...added, ...members });
  return readyAs(line, dialogOf(members), typeof idempotentKey === 'string' ? idempotentKey : undefined);

  function readyAs(line: string, dialogId: string | undefined, idempotentKey: string | undefined) {
    return { input: { number, text, repeatable: line }, text: line, dialogId, idempotentKey };
  }
}

function membersOf(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : undefined;
  } catch {
    return undefined;
  }
}
