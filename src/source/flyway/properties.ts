/**
 * Reads a Java properties file as Flyway does: a backslash stands for itself (paths of Windows) unless it ends a line
 * that the next one continues.
 */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim());
  for (let index = 0; index < lines.length; index += 1) {
    let line = lines[index] ?? '';
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    while (line.endsWith('\\') && continues(lines[index + 1])) {
      index += 1;
      line = line.slice(0, -1) + (lines[index] ?? '');
    }
    const [, key = '', value = ''] = /^([^=:\s]*)\s*[=:\s]?\s*(.*)$/.exec(line) ?? [];
    properties.set(key, value);
  }
  return properties;
}

/** A blank line, and one that begins a setting of its own, is no continuation. */
function continues(next: string | undefined): boolean {
  return next !== undefined && next !== '' && !/^flyway\..*=/.test(next);
}
