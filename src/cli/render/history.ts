import type { HistoryEntry, HistoryReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { columns, type Row } from './columns.js';
import { dateTimeSeconds, duration } from './format.js';
import { oneLine, proseWidth, safe, wrap } from './text.js';

const actions = { apply: 'up', rollback: 'down', verify: 'verify', repair: 'repair' } as const;

/** The journal: a line per attempt, the errors below theirs. */
export function renderHistory(report: HistoryReport, look: Look): string {
  if (report.entries.length === 0) return 'The journal is empty: nothing was ever run here.';
  const layout = [
    { paint: look.style.dim },
    { flexible: true },
    {},
    { align: 'right' as const },
    { flexible: true, paint: look.style.dim },
    { paint: look.style.dim },
  ];
  const lines = columns(
    report.entries.map((entry) => rowOf(entry, look)),
    layout,
    look,
  );
  return lines.map((line, index) => [line, ...errorOf(report.entries[index], look)].join('\n')).join('\n');
}

function rowOf(entry: HistoryEntry, look: Look): Row {
  const step = entry.step === null ? '' : ` step ${entry.step}`;
  return {
    sign: signOf(entry, look),
    cells: [
      dateTimeSeconds(entry.startedAt),
      `${oneLine(entry.version)}${step}`,
      actions[entry.action],
      entry.status === 'started'
        ? 'not finished'
        : entry.durationMs === null
          ? ''
          : duration(entry.durationMs),
      entry.by === null ? '' : oneLine(entry.by),
      ...(look.verbose ? [entry.runId] : []),
    ],
  };
}

function signOf(entry: HistoryEntry, look: Look): string {
  if (entry.status === 'failed') return look.style.red(look.symbol.failed);
  if (entry.status === 'started') return look.style.yellow(look.symbol.pending);
  return look.style.green(entry.action === 'rollback' ? look.symbol.undone : look.symbol.done);
}

function errorOf(entry: HistoryEntry | undefined, look: Look): readonly string[] {
  if (entry?.error === null || entry?.error === undefined) return [];
  const lines = wrap(safe(entry.error), proseWidth(look.width) - 4);
  return (look.verbose ? lines : lines.slice(0, 2)).map((line) => `    ${look.style.red(line)}`);
}
