/** A member of a JSON object, by its place in the text. */
interface Member {
  readonly key: string;
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

interface JsonObject {
  /** Offset of `{`. */
  readonly open: number;
  /** Offset of `}`. */
  readonly close: number;
  readonly members: readonly Member[];
}

/**
 * Adds members to an object that stands directly in the root of a JSON text, and makes that object when it is not
 * there. Keys that exist stay as they are. Nothing else of the text moves: not its indentation, line ends or order.
 * The text must be valid JSON with an object as its root; gives the very same text when there is nothing to add.
 */
export function insertIntoJson(text: string, key: string, entries: Readonly<Record<string, string>>): string {
  const root = scanObject(text, text.indexOf('{'));
  const style = styleOf(text, root);
  const existing = root.members.find((member) => member.key === key);
  if (existing === undefined) {
    const lines = Object.entries(entries).map(([name, value]) => member(name, value));
    const inner = lines.map((line) => style.newline + style.unit + style.unit + line).join(',');
    return insert(text, root, [`${JSON.stringify(key)}: {${inner}${style.newline}${style.unit}}`]);
  }
  if (text[existing.valueStart] !== '{') return text;
  const target = scanObject(text, existing.valueStart);
  const known = new Set(target.members.map((each) => each.key));
  const missing = Object.entries(entries).filter(([name]) => !known.has(name));
  return missing.length === 0
    ? text
    : insert(
        text,
        target,
        missing.map(([name, value]) => member(name, value)),
      );
}

function member(name: string, value: string): string {
  return `${JSON.stringify(name)}: ${JSON.stringify(value)}`;
}

/** Puts members behind the last one, each where its neighbours are: on a line of its own, or all on one line. */
function insert(text: string, object: JsonObject, members: readonly string[]): string {
  const { newline, unit } = styleOf(text, object);
  const last = object.members.at(-1);
  if (last === undefined) {
    const outer = indentOf(text, object.open);
    const inner = members.map((each) => newline + outer + unit + each).join(',');
    return `${text.slice(0, object.open + 1)}${inner}${newline}${outer}${text.slice(object.close)}`;
  }
  const between = text.slice(object.open + 1, object.members[0]?.start);
  const separator = between.includes('\n') ? newline + indentOf(text, last.start) : ' ';
  const added = members.map((each) => `,${separator}${each}`).join('');
  return text.slice(0, last.valueEnd) + added + text.slice(last.valueEnd);
}

/** Line end and unit of indentation, as the text has them. */
function styleOf(text: string, object: JsonObject): { newline: string; unit: string } {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const root = /^\s*\{\s*\n([ \t]+)/.exec(text)?.[1];
  const own = object.members[0] === undefined ? undefined : indentOf(text, object.members[0].start);
  return { newline, unit: root ?? (own === undefined || own === '' ? '  ' : own) };
}

/** The blanks at the beginning of the line that holds the offset. */
function indentOf(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}

/** Finds the members of the object that begins at `open`. */
function scanObject(text: string, open: number): JsonObject {
  const members: Member[] = [];
  let pos = skipBlank(text, open + 1);
  while (text[pos] !== '}' && pos < text.length) {
    const start = pos;
    const keyEnd = skipValue(text, pos);
    const valueStart = skipBlank(text, skipBlank(text, keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    members.push({ key: JSON.parse(text.slice(start, keyEnd)) as string, start, valueStart, valueEnd });
    pos = skipBlank(text, valueEnd);
    if (text[pos] === ',') pos = skipBlank(text, pos + 1);
  }
  return { open, close: pos, members };
}

function skipBlank(text: string, from: number): number {
  let pos = from;
  while (pos < text.length && /\s/.test(text[pos] ?? '')) pos += 1;
  return pos;
}

/** One past a string, a number, a word, or a whole object or array. */
function skipValue(text: string, from: number): number {
  const token = /"(?:[^"\\]|\\.)*"|[[\]{}]|[^\s,:[\]{}"]+/g;
  token.lastIndex = from;
  let depth = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if ('[{'.includes(match[0])) depth += 1;
    else if (']}'.includes(match[0])) depth -= 1;
    if (depth === 0) return token.lastIndex;
  }
  return text.length;
}
