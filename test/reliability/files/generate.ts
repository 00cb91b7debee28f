import { Random } from '../random.js';
import type { Context, Style } from './piece.js';
import { pieces } from './pieces.js';

/** A migration file made by chance, in pieces that can be left out one by one. */
export interface GeneratedFile {
  readonly number: number;
  readonly style: Style;
  readonly pieces: readonly string[];
  /** What is done to the text as a whole. */
  readonly finish: (text: string) => Uint8Array;
}

const styles: readonly Style[] = ['one', 'one', 'each', 'each', 'mixed'];

/** What a slip of the finger puts in. No exclamation mark, bar or backtick: psql would start programs. */
const slips = [
  "'", '"', '$', '$$', '$a$', '/*', '*/', '--', ';', '(', ')', '\\', '\\.', '\n', '\r', '\t', '\v', '\f', ' ', 'e', 'E', 'n', 'u&', 'x', 'b',
  '\u00a0', '\u200b', '\ufeff', 'é', '😀', '.', '..', ':', '::', ':=', ',', '[', ']', '@', '-', '+', '1', '0x', '_', 'begin;', 'commit;',
  'end', 'case', 'atomic', ' begin atomic ', 'rollback;', '{', '%', '?', '#', '~', '^', '&', '*', '/', '<', '>', '=',
]; // prettier-ignore

/** The file with this number; the same seed and number give the same file. */
export function generateFile(seed: number, number: number): GeneratedFile {
  const random = new Random(seed * 100_003 + number);
  const style = random.pick(styles);
  const context: Context = { random, style, tables: ['base'], schema: `f${number}`, next: 0 };
  const usable = pieces.filter((piece) => piece.styles.includes(style));
  const count = 1 + random.int(5);
  const made: string[] = [];
  for (let index = 0; index < count; index++) {
    const text = random.pick(usable).write(context);
    made.push(random.chance(0.07) ? slip(random, text) : text);
  }
  return { number, style, pieces: made, finish: finishing(random) };
}

/** The file as it lies on the disk. */
export function render(file: GeneratedFile): Uint8Array {
  const head = file.style === 'each' ? '-- transaction: per-statement\n' : '';
  return file.finish(head + file.pieces.join('\n'));
}

function slip(random: Random, text: string): string {
  const at = random.int(text.length + 1);
  switch (random.int(3)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1 + random.int(3));
    case 1:
      return text.slice(0, at) + random.pick(slips) + text.slice(at);
    default:
      return text.slice(0, at) + random.pick(slips) + text.slice(at + 1);
  }
}

/** Line ends, marks and encodings. */
function finishing(random: Random): (text: string) => Uint8Array {
  const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
  switch (random.int(30)) {
    case 0:
    case 1:
      return (text) => utf8(text.replaceAll(/\r?\n/g, '\r\n'));
    case 2:
      return (text) => utf8(`\ufeff${text}`);
    case 3:
      return (text) => utf8(`${text}\n-- caf\u00e9 \u65e5\u672c \ud83d\ude00\n`);
    case 4:
      return (text) => Buffer.concat([utf8(text), Buffer.from([0x0a, 0x2d, 0x2d, 0x20, 0xe9, 0x0a])]);
    case 5:
      return (text) => Buffer.from(text, 'latin1');
    case 6:
      return (text) => (text.length % 3 === 0 ? Buffer.from(text, 'utf16le') : utf8(`${text}\n`));
    case 7:
      return (text) => utf8(text.replaceAll('\n', '\r'));
    default:
      return (text) => utf8(`${text}\n`);
  }
}
