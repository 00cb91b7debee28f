/**
 * Puts semicolons where another delimiter ends the statements, and leaves the lines where they are. Without one, a `/`
 * or a `go` alone on a line ends a statement too, as with Liquibase.
 */
export function withSemicolons(text: string, delimiter: string | null): string {
  if (delimiter === ';') return text;
  if (delimiter === null) return text.replaceAll(/^[ \t]*(?:\/|go)[ \t]*$/gim, ';');
  const written = delimiter.replaceAll('\\n', '\n').replaceAll('\\r', '').replace(/\$$/, '');
  if (written === '/') return text.replaceAll(/^[ \t]*\/[ \t]*$/gm, ';');
  const ownLine = written.startsWith('\n');
  const mark = written.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  if (mark === '') return text;
  const form = ownLine ? `^[ \\t]*${mark}[ \\t]*$` : mark;
  return text.replaceAll(new RegExp(form, 'gim'), ';');
}
