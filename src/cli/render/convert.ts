import type { ConvertedItem, ConvertReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { columns } from './columns.js';
import { counted } from './format.js';
import { oneLine } from './text.js';

/** What became of each migration, where a person should look, and what is left to do. */
export function renderConvert(report: ConvertReport, look: Look): string {
  const { migrations, dryRun } = report;
  const table = columns(
    migrations.map(({ from, file, reversible }) => ({
      cells: [from.version, file, reversible ? '' : 'no way down'],
    })),
    [{ flexible: true }, { flexible: true }, { paint: look.style.dim }],
    look,
  );
  const texts = dryRun
    ? migrations.flatMap(({ file, text = '' }) => ['', look.style.bold(oneLine(file)), text.trimEnd()])
    : [];
  return [...table, ...texts, ...notes(migrations, look), '', ...sentences(report, look)].join('\n');
}

function notes(migrations: readonly ConvertedItem[], look: Look): readonly string[] {
  const lines = migrations.flatMap(({ file, notes: all }) =>
    all.map((note) => `${look.style.yellow(look.symbol.warning)} ${oneLine(file)}: ${oneLine(note)}`),
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

function sentences(report: ConvertReport, look: Look): readonly string[] {
  const { migrations, dryRun, dir, verified, history, shadow } = report;
  const done = look.style.green(look.symbol.done);
  const tried = shadow === null ? [] : [look.style.dim(`Tried on ${oneLine(shadow)}. ${verdict(verified)}`)];
  if (dryRun) return [...tried, look.style.dim('A dry run: nothing was written.')];
  const written = `${done} ${counted(migrations.length, 'file')} written to ${oneLine(dir)}`;
  if (history === null)
    return [
      ...tried,
      `${written}. The history was left alone, because other migrations of the folder were not converted.`,
    ];
  return [
    ...tried,
    `${written}; ${counted(history.moved, 'applied migration')} given to them.`,
    `Next: set migrations: '${oneLine(dir)}' in lockkeeper.config, look at "lockkeeper status", and remove the old files.`,
  ];
}

function verdict(verified: boolean | null): string {
  if (verified === null)
    return "The schemas were not compared: that takes a pg_dump of the server's version.";
  return 'The new files make the same schema there.';
}
