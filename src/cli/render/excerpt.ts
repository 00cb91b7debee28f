import type { SourceLocation } from '../../core/errors.js';
import type { Look } from '../look.js';
import { displayWidth, oneLine, characterWidth } from './text.js';

const tab = '    ';

interface Cell {
  readonly text: string;
  readonly width: number;
}

/** `file:line:column`, and below it the line with the place underlined. */
export function renderLocation(location: SourceLocation, look: Look): readonly string[] {
  const place = look.style.cyan(`${oneLine(location.file)}:${location.line}:${location.column}`);
  if (location.lineText === undefined) return [place];
  const number = String(location.line);
  const margin = ' '.repeat(number.length);
  const { text, before, under } = excerpt(location, location.lineText, look, number.length);
  const bar = look.style.dim(look.symbol.bar);
  return [
    place,
    `${margin} ${bar}`,
    `${look.style.dim(number)} ${bar} ${text}`.trimEnd(),
    `${margin} ${bar} ${' '.repeat(before)}${look.style.red(look.symbol.underline.repeat(under))}`,
  ];
}

/** The part of the line that fits, and where in it the underline goes, in columns of the terminal. */
function excerpt(location: SourceLocation, lineText: string, look: Look, numberWidth: number) {
  const cells = Array.from(lineText.replace(/[\r\n]+$/, ''), cellOf);
  const from = Math.min(Math.max(location.column - 1, 0), cells.length);
  const to = Math.max(from, Math.min(from + Math.max(location.length ?? 1, 1), cells.length));
  const window = visible(cells, from, to, look.width - numberWidth - 6);
  const left = window.first > 0 ? look.symbol.ellipsis : '';
  const right = window.last < cells.length ? look.symbol.ellipsis : '';
  return {
    text: left + textOf(cells.slice(window.first, window.last)) + right,
    before: displayWidth(left) + widthOf(cells.slice(window.first, from)),
    under: Math.max(1, widthOf(cells.slice(from, Math.min(to, window.last)))),
  };
}

function cellOf(character: string): Cell {
  if (character === '\t') return { text: tab, width: tab.length };
  const text = oneLine(character);
  return { text, width: text === character ? characterWidth(character) : displayWidth(text) };
}

/** Widens the underlined place to both sides until the room is full. */
function visible(
  cells: readonly Cell[],
  from: number,
  to: number,
  width: number,
): { first: number; last: number } {
  if (widthOf(cells) <= width) return { first: 0, last: cells.length };
  const room = Math.max(width - 6, 10);
  let [first, last, used] = [from, from, 0];
  const take = (cell: Cell | undefined): boolean => {
    if (cell === undefined || used + cell.width > room) return false;
    used += cell.width;
    return true;
  };
  while (last < to && take(cells[last])) last++;
  for (let grew = true; grew;) {
    grew = false;
    if (first > 0 && take(cells[first - 1])) [first, grew] = [first - 1, true];
    if (last < cells.length && take(cells[last])) [last, grew] = [last + 1, true];
  }
  return { first, last };
}

function textOf(cells: readonly Cell[]): string {
  return cells.map((cell) => cell.text).join('');
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, cell) => sum + cell.width, 0);
}
