import sanitizeHtml from 'sanitize-html';

const elements: readonly string[] = 'p a br em strong ul ol li table thead tbody tr td th'.split(' ');

/** A doctype, a CDATA section or a processing instruction: parsers differ on where these end. */
const declaration = /<(?:\?|!(?!--))/;

/**
 * Whether every element of a text is one that the API lets through, without attributes, except that a link must have
 * an https address and nothing else. Plain text and comments pass.
 *
 * The text is stored as it is, so it is refused rather than cleaned.
 */
export function isAllowedHtml(text: string): boolean {
  if (declaration.test(text)) return false;
  // A tag, quote or comment that is left open would swallow what a page puts after the text, as it does with this one.
  const tags = openingTags(`${text}<br>`);
  return (
    tags.every((tag) => tag.isAllowed) && tags.at(-1)?.name === 'br' && tags.length === openingTags(text).length + 1
  );
}

function openingTags(text: string): { name: string; isAllowed: boolean }[] {
  const tags: { name: string; isAllowed: boolean }[] = [];
  sanitizeHtml(text, {
    allowedTags: [...elements],
    // Judged at once: the attributes that are not allowed are taken away afterwards.
    onOpenTag: (name, attributes) => tags.push({ name, isAllowed: isAllowed(name, attributes) }),
  });
  return tags;
}

function isAllowed(name: string, attributes: Record<string, string>): boolean {
  if (!elements.includes(name)) return false;
  const names = Object.keys(attributes);
  if (name !== 'a') return names.length === 0;
  return names.join() === 'href' && /^https:\/\//i.test(attributes.href ?? '');
}
