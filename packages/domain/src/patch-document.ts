import type { JsonPatch } from '@dialog/contracts/json-patch';
import { type Shape, shapeOf, withMemberNames } from '@dialog/contracts/member-names';
import { updateDialogBody } from '@dialog/contracts/update-dialog';
import jsonPatch from 'fast-json-patch';

/** Operations in one patch. Each costs the lane microseconds, and the lane serves others. */
const operationsMax = 10_000;
/** Characters of JSON that the copies of one patch may add up to: a few that copy a copy would otherwise fill the memory. */
const copiedMax = 1_000_000;

/** Characters of JSON in a patched document: what a PUT may send. Patch by patch, a dialog could grow without end. */
const documentMax = 20_000_000;
/** Characters of a pointer that a message quotes. */
const quotedMax = 200;

type Patched = { ok: true } | { ok: false; reason: string };

const documentShape = shapeOf(updateDialogBody);

/**
 * Applies a patch to a PUT body, in place (RFC 6902; service owner API, section 19). After a failed operation the
 * document is of no use.
 *
 * A pointer names members as PUT does, in any casing, and no others: what PUT would ignore, a patch cannot put there.
 * A member without a value is there, as null.
 */
export function applyPatch(document: Record<string, unknown>, patch: JsonPatch): Patched {
  if (patch.length > operationsMax) return { ok: false, reason: `A patch has at most ${operationsMax} operations.` };
  let copied = 0;
  for (const [index, operation] of patch.entries()) {
    const { op, path } = operation;
    const failed = (why: string): Patched => ({
      ok: false,
      reason: `Operation ${index} (${op} ${path.slice(0, quotedMax)}): ${why}.`,
    });
    if (path === '') return failed('the whole dialog cannot be replaced');
    const from = 'from' in operation ? located(document, operation.from, 'there') : undefined;
    if ('from' in operation && (from === undefined || from.path === '')) return failed('from does not exist');
    const at = located(document, path, op === 'add' || op === 'move' || op === 'copy' ? 'insert' : 'there');
    if (at === undefined) return failed('the path does not exist');
    if (op === 'move' && at.path.startsWith(`${from?.path}/`)) return failed('it would be moved into itself');
    if (op === 'copy') copied += lengthAt(document, from?.path ?? '');
    if (copied > copiedMax) return failed('too much is copied');
    const resolved = {
      ...operation,
      path: at.path,
      ...(from !== undefined && { from: from.path }),
      ...('value' in operation && { value: insertable(operation.value, at.shape) }),
    };
    try {
      // Without the library's own checks: they copy the whole document for every move and copy.
      jsonPatch.applyOperation(document, resolved, false, true);
    } catch {
      return failed(op === 'test' ? 'the value is another' : 'it cannot be applied');
    }
  }
  if (JSON.stringify(document).length > documentMax) return { ok: false, reason: 'The dialog would be too large.' };
  return { ok: true };
}

/** Names as the document has them. A copy: later operations change it, and the command may have to be decided again. */
function insertable(value: unknown, shape: Shape): unknown {
  return withMemberNames(structuredClone(value), shape, { unstorable: [], itemCount: 0, nullAsEmptyList: false });
}

type Located = { path: string; shape: Shape };

/**
 * Follows a pointer through the document.
 *
 * @returns it as the document writes it, with what can stand there; undefined if it leads nowhere
 */
function located(document: unknown, pointer: string, purpose: 'there' | 'insert'): Located | undefined {
  const tokens = pointer.split('/').slice(1);
  let found: Located = { path: '', shape: documentShape };
  let node = document;
  for (const [depth, token] of tokens.entries()) {
    const isLast = depth === tokens.length - 1;
    const { path, shape } = found;
    if (shape.kind === 'object' && isObject(node)) {
      const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
      const member = shape.members.get(name) ?? shape.members.get(name.toLowerCase());
      if (member === undefined) return undefined;
      // A list that is not there is one without items, to what looks for one of them.
      node[member.name] ??= member.shape.kind === 'list' && !isLast ? [] : null;
      node = node[member.name];
      found = { path: `${path}/${member.name}`, shape: member.shape };
    } else if (shape.kind === 'list' && Array.isArray(node)) {
      const index = token === '-' ? node.length : indexIn(token);
      const end = isLast && purpose === 'insert' ? node.length : node.length - 1;
      if (index === undefined || index > end) return undefined;
      node = node[index];
      found = { path: `${path}/${index}`, shape: shape.item };
    } else return undefined;
  }
  return found;
}

function isObject(node: unknown): node is Record<string, unknown> {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

function indexIn(token: string): number | undefined {
  return /^(?:0|[1-9]\d{0,8})$/.test(token) ? Number(token) : undefined;
}

/** Characters of JSON at a pointer. */
function lengthAt(document: unknown, pointer: string): number {
  return JSON.stringify(jsonPatch.getValueByPointer(document, pointer))?.length ?? 0;
}
