import type { AdoptedSource, AdoptReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { columns } from './columns.js';
import { count, counted } from './format.js';
import { oneLine } from './text.js';

/** What another tool has on record: one table a folder, and a sentence about what was done with it. */
export function renderAdopt(report: AdoptReport, look: Look): string {
  const head = `${look.style.bold(oneLine(report.environment))} ${look.style.dim(`${look.symbol.dot} ${oneLine(report.database)}`)}`;
  if (report.baseline !== null) return `${head}\n\n${baselineSentence(report, look)}`;
  return [head, ...report.sources.map((source) => renderSource(source, look)), sentence(report, look)].join(
    '\n\n',
  );
}

function renderSource(source: AdoptedSource, look: Look): string {
  const { adopted, known, pending, changed, missing, undone, unfinished } = source;
  const title = `${look.style.bold(source.tool)} ${look.style.dim(`${oneLine(source.source)} ${look.symbol.dot} ${oneLine(source.table)}${source.found ? '' : ' (not there yet)'}`)}`;
  const rows = [
    { what: 'known to both', list: [], total: known },
    { what: 'applied, to take over', list: adopted.map(label), total: adopted.length },
    { what: 'changed since', list: changed.map(label), total: changed.length },
    { what: 'undone by it', list: undone.map(label), total: undone.length },
    { what: 'begun, not finished', list: unfinished, total: unfinished.length },
    { what: 'applied, file missing', list: missing, total: missing.length },
    { what: 'pending', list: pending.map(label), total: pending.length },
  ];
  const lines = columns(
    rows
      .filter(({ total, what }) => total > 0 || what === 'applied, to take over' || what === 'pending')
      .map(({ what, list, total }) => ({ cells: [what, count(total), shortened(list)] })),
    [{}, { align: 'right' }, { flexible: true, paint: look.style.dim }],
    look,
  );
  return [title, ...lines].join('\n');
}

const label = ({ version, name }: { readonly version: string; readonly name: string }): string =>
  version.includes(name) ? version : `${version} ${name}`;

function shortened(list: readonly string[]): string {
  const shown = list.length > 3 ? [...list.slice(0, 2), '…', ...list.slice(-1)] : list;
  return oneLine(shown.join(', '));
}

function sentence({ sources, dryRun, forgotten }: AdoptReport, look: Look): string {
  const taken = sources.reduce((sum, { adopted }) => sum + adopted.length, 0);
  const known = sources.reduce((sum, source) => sum + source.known, 0);
  const done = look.style.green(look.symbol.done);
  if (dryRun) return look.style.dim('A dry run: nothing was written.');
  if (forgotten)
    return `${done} ${counted(known, 'migration')} forgotten. The schema and the other history are as they were.`;
  if (taken === 0) return `${done} Nothing to take over.`;
  return `${done} ${counted(taken, 'migration')} taken over. From now on both histories are written; "lockkeeper up" goes on from here.`;
}

function baselineSentence({ baseline, dryRun }: AdoptReport, look: Look): string {
  if (baseline === null) return '';
  const what = `${oneLine(baseline.file)} (${counted(baseline.statements, 'statement')})`;
  if (dryRun) return look.style.dim(`A dry run: ${what} would be written, and recorded as applied.`);
  return `${look.style.green(look.symbol.done)} The present schema is in ${what}, recorded as applied.`;
}
