import type { AppliedItem, FailedItem, StatusReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { columns, type Column, type Row } from './columns.js';
import { count, counted, dateTime, duration } from './format.js';
import { oneLine, ownName } from './text.js';

interface Group {
  readonly title: string;
  readonly paint: (text: string) => string;
  readonly sign: string;
  readonly rows: readonly Row[];
  readonly total: number;
  /** How many rows stand before the cut, where the list is long. */
  readonly head: number;
  /** The third column holds texts of any length. */
  readonly longRemarks?: boolean;
}

const most = 12;

/** Where a database stands: one group per state, long lists cut in the middle. */
export function renderStatus(report: StatusReport, look: Look): string {
  const groups = [
    appliedGroup(report.applied, look),
    failedGroup(report.failed, look),
    changedGroup(report, look),
    missingGroup(report, look),
    pendingGroup(report, look),
  ].filter((group) => group.total > 0);
  const head = `${look.style.bold(oneLine(report.environment))} ${look.style.dim(`${look.symbol.dot} ${oneLine(report.database)}`)}`;
  return [head, ...groups.map((group) => renderGroup(group, look)), conclusion(report, look)].join('\n\n');
}

function renderGroup(group: Group, look: Look): string {
  const title = `${group.paint(group.title)} ${look.style.dim(count(group.total))}`;
  const layout: readonly Column[] = [
    { paint: look.style.dim },
    { flexible: true },
    { flexible: group.longRemarks === true, paint: look.style.dim },
    { align: 'right', paint: look.style.dim },
  ];
  const rows = group.rows.map((row) => ({ ...row, sign: group.paint(group.sign) }));
  const lines = columns(rows, layout, look);
  const hidden = group.total - rows.length;
  if (hidden === 0) return [title, ...lines].join('\n');
  const gap = look.style.dim(`  ${look.symbol.ellipsis} ${count(hidden)} more (--verbose shows all)`);
  return [title, ...lines.slice(0, group.head), gap, ...lines.slice(group.head)].join('\n');
}

/** Keeps `head` items and the last ones; rows are made for these alone, so that 5,000 items cost nothing. */
function shorten<Item>(items: readonly Item[], head: number, look: Look): readonly Item[] {
  if (look.verbose || items.length <= most + 1) return items;
  return [...items.slice(0, head), ...items.slice(items.length - (most - head))];
}

function named(item: { readonly version: string; readonly name: string }, ...more: readonly string[]): Row {
  return { cells: [oneLine(item.version), ownName(item), ...more] };
}

function appliedGroup(applied: readonly AppliedItem[], look: Look): Group {
  const head = 3;
  const rows = shorten(applied, head, look).map((item) =>
    named(
      item,
      dateTime(item.appliedAt),
      item.executionTimeMs === null ? '' : duration(item.executionTimeMs),
    ),
  );
  return {
    title: 'Applied',
    paint: look.style.green,
    sign: look.symbol.done,
    rows,
    total: applied.length,
    head,
  };
}

function pendingGroup(report: StatusReport, look: Look): Group {
  const head = 9;
  const late = new Set(report.outOfOrder.map((item) => item.version));
  const rows = shorten(report.pending, head, look).map((item) => {
    const remarks = [
      late.has(item.version) ? 'out of order' : '',
      item.risk === null ? '' : `${item.risk} risk`,
    ];
    return named(item, remarks.filter((remark) => remark !== '').join(', '));
  });
  return {
    title: 'Pending',
    paint: look.style.cyan,
    sign: look.symbol.pending,
    rows,
    total: report.pending.length,
    head,
  };
}

function failedGroup(failed: readonly FailedItem[], look: Look): Group {
  const head = most / 2;
  const rows = shorten(failed, head, look).map((item) => {
    const steps = item.completedSteps === 0 ? 'nothing' : counted(item.completedSteps, 'step');
    const inside = item.backfill === undefined ? '' : `, ${backfillNote(item.backfill)}`;
    return named(item, `${item.direction}, ${steps} done${inside}`);
  });
  return {
    title: 'Not finished',
    paint: look.style.red,
    sign: look.symbol.failed,
    rows,
    total: failed.length,
    head,
  };
}

/** `backfill of users at 61 %, paused` */
function backfillNote({ table, percent, done, pausedAt }: NonNullable<FailedItem['backfill']>): string {
  const far = percent === null ? `at row ${count(done)}` : `at ${percent} %`;
  return `backfill of ${oneLine(table)} ${far}${pausedAt === null ? '' : ', paused'}`;
}

function changedGroup(report: StatusReport, look: Look): Group {
  const rows = shorten(report.changed, most / 2, look).map((item) => named(item, oneLine(item.file)));
  const title = 'Changed since applied';
  return {
    title,
    longRemarks: true,
    paint: look.style.yellow,
    sign: look.symbol.changed,
    rows,
    total: report.changed.length,
    head: most / 2,
  };
}

function missingGroup(report: StatusReport, look: Look): Group {
  const rows = shorten(report.missing, most / 2, look).map((item) => named(item));
  const title = 'Applied, file missing';
  return {
    title,
    paint: look.style.yellow,
    sign: look.symbol.missing,
    rows,
    total: report.missing.length,
    head: most / 2,
  };
}

function conclusion(report: StatusReport, look: Look): string {
  const { applied, pending, failed, changed, missing, outOfOrder } = report;
  const parts = [
    `${count(applied.length)} applied`,
    `${count(pending.length)} pending`,
    ...some(outOfOrder, 'out of order'),
    ...some(failed, 'not finished'),
    ...some(changed, 'changed'),
    ...some(missing, 'missing'),
  ];
  const upToDate = pending.length === 0 && !needsAttention(report);
  const mark = upToDate ? look.style.green(' Up to date.') : '';
  return `${parts.join(', ')}.${mark}`;
}

function some(items: readonly unknown[], word: string): readonly string[] {
  return items.length === 0 ? [] : [`${count(items.length)} ${word}`];
}

/** Something other than pending work is to be looked at. */
export function needsAttention(report: StatusReport): boolean {
  return report.failed.length + report.changed.length + report.missing.length > 0;
}
