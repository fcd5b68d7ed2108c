/** Media types of content, compared exactly: casing and blanks count. */
export const plainText = 'text/plain';
export const markdown = 'text/markdown';
export const html = 'text/html';
/** The value is the address of a document that the reader's client embeds. */
export const embeddedMarkdown = 'application/vnd.dialogporten.frontchannelembed-url;type=text/markdown';
export const embeddedHtml = 'application/vnd.dialogporten.frontchannelembed-url;type=text/html';

const replacements: ReadonlyMap<string, string> = new Map([
  ['application/vnd.dialogporten.frontchannelembed+json;type=markdown', embeddedMarkdown],
  ['application/vnd.dialogporten.frontchannelembed+json;type=html', embeddedHtml],
]);

/** The media type that a deprecated one is stored as; any other comes back as it is. */
export function replaceDeprecated(mediaType: string): string {
  return replacements.get(mediaType) ?? mediaType;
}

/** Media types that only callers with the legacy HTML scope may use. */
export function needsLegacyHtml(mediaType: string): boolean {
  return mediaType === html || mediaType === embeddedHtml;
}
