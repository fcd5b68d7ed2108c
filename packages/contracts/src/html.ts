import sanitizeHtml from 'sanitize-html';

const elements: ReadonlySet<string> = new Set('p a br em strong ul ol li table thead tbody tr td th'.split(' '));

/**
 * Whether every element of a text is one that the API lets through, without attributes, except that a link must have
 * an https address and nothing else. Text and comments pass.
 */
export function isAllowedHtml(text: string): boolean {
  let allowed = true;
  sanitizeHtml(text, {
    allowedTags: [...elements],
    onOpenTag: (name, attributes) => {
      allowed &&= elements.has(name) && (name === 'a' ? isHttpsLink(attributes) : Object.keys(attributes).length === 0);
    },
  });
  return allowed;
}

function isHttpsLink(attributes: Record<string, string>): boolean {
  return Object.keys(attributes).join() === 'href' && /^https:\/\//i.test(attributes.href ?? '');
}
