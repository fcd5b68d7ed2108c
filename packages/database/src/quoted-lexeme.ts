/** A lexeme of a text search query. Quoted, no character in it means anything but itself. */
export function quotedLexeme(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
