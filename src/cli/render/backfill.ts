import type { BackfillItem, BackfillReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { columns, type Row } from './columns.js';
import { count, dateTime } from './format.js';
import { oneLine } from './text.js';

/** A line for each backfill: how far it has come, and what it waits for. */
export function renderBackfills({ backfills }: BackfillReport, look: Look): string {
  if (backfills.length === 0) return 'No backfill has begun here.';
  const layout = [
    { paint: look.style.dim },
    { flexible: true },
    {},
    { align: 'right' as const },
    { flexible: true, paint: look.style.dim },
    { flexible: true, paint: look.style.dim },
  ];
  return columns(
    backfills.map((item) => rowOf(item, look)),
    layout,
    look,
  ).join('\n');
}

function rowOf(item: BackfillItem, look: Look): Row {
  const percent = item.percent === null ? '' : `${item.percent} %`;
  return {
    sign: signOf(item, look),
    cells: [
      `${oneLine(item.version)} step ${item.step}`,
      oneLine(item.table),
      item.direction === 'up' ? item.state : `${item.state} (down)`,
      percent,
      rowsOf(item),
      remarkOf(item),
    ],
  };
}

function rowsOf(item: BackfillItem): string {
  const rows =
    item.total === null || item.completedAt !== null
      ? count(item.done)
      : `${count(item.done)} of ~${count(item.total)}`;
  return `${rows} rows, ${count(item.changed)} changed${item.failed === 0 ? '' : `, ${count(item.failed)} put aside`}`;
}

function remarkOf(item: BackfillItem): string {
  if (item.pausedAt !== null && item.state !== 'done')
    return `paused ${dateTime(item.pausedAt)}${item.pausedBy === null ? '' : ` by ${oneLine(item.pausedBy)}`}`;
  if (item.keepsOldValues && item.state === 'done') return 'keeps old values';
  return item.cursor === null
    ? ''
    : `behind ${item.key.map((column, at) => `${oneLine(column)} ${oneLine(item.cursor?.[at] ?? '')}`).join(', ')}`;
}

function signOf({ state }: BackfillItem, look: Look): string {
  if (state === 'done') return look.style.green(look.symbol.done);
  if (state === 'running') return look.style.cyan(look.symbol.again);
  return look.style.yellow(look.symbol.pending);
}
