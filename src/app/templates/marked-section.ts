const begin = '<!-- lockkeeper:begin -->';
const end = '<!-- lockkeeper:end -->';

/**
 * Puts a section between our marker comments: in the place of the one that is there, else at the end. Gives null when
 * the opening marker has no closing one, because then nobody can tell where the section ends.
 */
export function putSection(text: string, section: string): string | null {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const block = `${begin}\n${section.trim()}\n${end}`.replaceAll('\n', newline);
  const start = text.indexOf(begin);
  if (start === -1) {
    const gap = text === '' ? '' : `${text.endsWith('\n') ? '' : newline}${newline}`;
    return `${text}${gap}${block}${newline}`;
  }
  const stop = text.indexOf(end, start);
  return stop === -1 ? null : text.slice(0, start) + block + text.slice(stop + end.length);
}
