/** What a request asks for by `Prefer` (RFC 7240). Preferences that we do not know, or cannot read, do not count. */
export type Preference = {
  /** Answer once the change is accepted, instead of when it is done. */
  respondAsync: boolean;
  /** How long the caller is willing to wait, in seconds. */
  waitS: number | undefined;
};

export type WaitLimits = {
  /** How long a write waits for its outcome when the caller does not say. */
  writeWaitMs: number;
  /** The longest wait that a caller gets. */
  waitMsMax: number;
};

const none: Preference = { respondAsync: false, waitS: undefined };

/** Of a preference that is given twice, the first counts (RFC 7240, section 2). */
export function parsePrefer(header: string | undefined): Preference {
  if (header === undefined) return none;
  const preferences = new Map<string, string>();
  for (const element of splitOutsideQuotes(header, ',')) {
    const [preference = ''] = splitOutsideQuotes(element, ';');
    const [name = '', ...value] = preference.split('=');
    const key = name.trim().toLowerCase();
    if (!preferences.has(key)) preferences.set(key, unquoted(value.join('=').trim()));
  }
  const wait = preferences.get('wait') ?? '';
  return {
    respondAsync: preferences.get('respond-async') === '',
    waitS: /^\d{1,9}$/.test(wait) ? Number(wait) : undefined,
  };
}

/**
 * How long the outcome of a write is waited for. Both preferences together mean: wait so long, and then answer that the
 * change is accepted (RFC 7240, section 4.3).
 */
export function writeWaitMs({ respondAsync, waitS }: Preference, { writeWaitMs, waitMsMax }: WaitLimits): number {
  if (waitS !== undefined) return Math.min(waitS * 1000, waitMsMax);
  return respondAsync ? 0 : writeWaitMs;
}

/** The value of `Preference-Applied`; undefined when no preference was followed. */
export function appliedPreference(
  { respondAsync, waitS }: Preference,
  { waitMsMax }: Pick<WaitLimits, 'waitMsMax'>,
  { accepted }: { accepted: boolean },
): string | undefined {
  const applied = [
    ...(respondAsync && accepted ? ['respond-async'] : []),
    ...(waitS === undefined ? [] : [`wait=${Math.min(waitS, Math.floor(waitMsMax / 1000))}`]),
  ];
  return applied.length === 0 ? undefined : applied.join(', ');
}

/** In one pass: a header may be thousands of characters of nonsense. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1')
    : value;
}
