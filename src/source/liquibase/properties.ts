/** A Java properties file: keys and values, comments with `#` or `!`, lines that go on behind a backslash. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const match = /^((?:[^\\:=\s]|\\.)*)(?:\s*[:=]\s*|\s+|$)(.*)$/s.exec(line);
    if (match !== null && match[1] !== '') found.set(unescape(match[1] ?? ''), unescape(match[2] ?? ''));
  }
  return found;
}

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open = false;
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const line = raw.trimStart();
    if (!open && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const backslashes = /\\*$/.exec(line)?.[0].length ?? 0;
    const goesOn = backslashes % 2 === 1;
    const content = goesOn ? line.slice(0, -1) : line;
    if (open) lines.push(`${lines.pop() ?? ''}${content}`);
    else lines.push(content);
    open = goesOn;
  }
  return lines;
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescape(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_whole, code: string | undefined, one: string) =>
    code === undefined ? (escapes[one] ?? one) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
