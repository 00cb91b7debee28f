import type { Look } from '../look.js';
import { cut, displayWidth, padEnd, padStart } from './text.js';

export interface Column {
  readonly align?: 'left' | 'right';
  /** Is cut where the terminal is too narrow; others are shown whole or not at all. */
  readonly flexible?: boolean;
  readonly paint?: (text: string) => string;
}

export interface Row {
  /** A sign that stands before the columns, painted already. */
  readonly sign?: string;
  readonly cells: readonly string[];
}

const gap = 2;
const least = 12;

/** Lines of aligned columns. Cells are plain text; columns are painted after they were measured. */
export function columns(rows: readonly Row[], layout: readonly Column[], look: Look): readonly string[] {
  const widths = fit(layout, measured(rows, layout.length), look.width - 4);
  return rows.map((row) => {
    const cells = layout.flatMap((column, index) => {
      const width = widths[index] ?? 0;
      if (width === 0) return [];
      const text = cut(row.cells[index] ?? '', width, look.symbol.ellipsis);
      const padded = column.align === 'right' ? padStart(text, width) : padEnd(text, width);
      return [column.paint === undefined ? padded : painted(padded, column.paint)];
    });
    return `  ${row.sign === undefined ? '' : `${row.sign} `}${cells.join(' '.repeat(gap))}`.trimEnd();
  });
}

/** Colours the text and not the space around it, so that the end of a line can be trimmed. */
function painted(padded: string, paint: (text: string) => string): string {
  const text = padded.trim();
  return text === '' ? padded : padded.replace(text, () => paint(text));
}

function measured(rows: readonly Row[], length: number): readonly number[] {
  const widths = Array.from({ length }, () => 0);
  for (const { cells } of rows) {
    for (let index = 0; index < length; index++) {
      widths[index] = Math.max(widths[index] ?? 0, displayWidth(cells[index] ?? ''));
    }
  }
  return widths;
}

/** Drops columns from the right until the rest fits at its narrowest, then narrows the flexible ones, widest first. */
function fit(layout: readonly Column[], wanted: readonly number[], room: number): readonly number[] {
  const narrowest = wanted.map((width, index) =>
    layout[index]?.flexible === true ? Math.min(width, least) : width,
  );
  while (total(narrowest) > room && narrowest.filter((width) => width > 0).length > 2) {
    narrowest[narrowest.findLastIndex((width) => width > 0)] = 0;
  }
  const widths = wanted.map((width, index) => (narrowest[index] === 0 ? 0 : width));
  for (let excess = total(widths) - room; excess > 0; excess = total(widths) - room) {
    const widest = widths.reduce((best, width, index) => {
      const shrinks = width > (narrowest[index] ?? 0);
      return shrinks && width > (widths[best] ?? 0) ? index : best;
    }, -1);
    if (widest < 0) break;
    widths[widest] = Math.max(narrowest[widest] ?? 0, (widths[widest] ?? 0) - excess);
  }
  return widths;
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => (width === 0 ? sum : sum + width + gap), -gap);
}
