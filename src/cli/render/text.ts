import { stripVTControlCharacters } from 'node:util';

const printableAscii = /^[\u0020-\u007E]*$/;
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const emoji = /^\p{Emoji_Presentation}$/u;
// Blocks of East Asian Width W and F (Unicode Standard Annex 11), joined where only unassigned points lie between.
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
];

/** Columns that a text takes in a terminal: colours and combining marks none, East Asian characters and emoji two. */
export function displayWidth(text: string): number {
  if (printableAscii.test(text)) return text.length;
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += characterWidth(character);
  return width;
}

export function characterWidth(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x300) return point === 0xad ? 0 : 1;
  if (zeroWidth.test(character)) return 0;
  const wide = wideRanges.some(([first, last]) => point >= first && point <= last) || emoji.test(character);
  return wide ? 2 : 1;
}

// Control characters could move the cursor or hide text, and direction marks could show it in another order.
const unsafe = /[\p{Cc}\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/** Text from outside, made safe for a terminal: control characters are shown as \u001b, not obeyed. */
export function safe(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(unsafe, escaped);
}

/** The same for a name or value that has to stay on its line. */
export function oneLine(text: string): string {
  if (printableAscii.test(text)) return text;
  return safe(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

function escaped(character: string): string {
  if (character === '\n' || character === '\t') return character;
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

/** Cuts plain text to a number of columns, with an ellipsis where something is missing. */
export function cut(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(ellipsis);
  let [kept, used] = ['', 0];
  for (const character of text) {
    used += characterWidth(character);
    if (used > room) break;
    kept += character;
  }
  return room < 1 ? ellipsis.slice(0, Math.max(width, 0)) : kept + ellipsis;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}

/** Prose in lines of at most `width` columns; words longer than a line stay whole, so that paths can be copied. */
export function wrap(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((paragraph) => wrapParagraph(paragraph, Math.max(width, 10)));
}

function wrapParagraph(text: string, width: number): readonly string[] {
  if (displayWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = /^\s*/.exec(text)?.[0] ?? '';
  let empty = true;
  for (const word of text.trim().split(/\s+/)) {
    if (!empty && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      [line, empty] = ['', true];
    }
    line += (empty ? '' : ' ') + word;
    empty = false;
  }
  return [...lines, line];
}

/** Prose for people: never wider than is pleasant to read, also where the terminal has no end. */
export function proseWidth(width: number): number {
  return Math.min(width, 100);
}

/** Indents each line that is not empty. */
export function indent(text: string, columns: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(columns));
}

/** The name beside a version, on one line; empty where the version ends with it, as with tools that know files by name. */
export function ownName({ version, name }: { readonly version: string; readonly name: string }): string {
  const isSaid = version === name || (version.endsWith(`_${name}`) && !version.startsWith('R__'));
  return isSaid ? '' : oneLine(name);
}

/** Version and name on one line. */
export function titleOf(item: { readonly version: string; readonly name: string }): string {
  return `${oneLine(item.version)} ${ownName(item)}`.trim();
}
