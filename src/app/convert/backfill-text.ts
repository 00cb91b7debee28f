import { type Backfill, type BackfillSettings, resolveBackfill } from '../../migration/backfill.js';
import type { SqlScript } from '../../migration/migration.js';

/** Why the backfills of a script cannot be written as directives; null where they can, or where there are none. */
export function refusalOfBackfills({ backfills }: SqlScript): string | null {
  for (const { settings, transform } of backfills?.values() ?? []) {
    if (transform !== null) return 'its backfill changes rows by a function (transform)';
    if (!isSayable(settings))
      return 'its backfill has an option that no directive can say, such as a column with a blank in its name';
  }
  return null;
}

/** The statements of a script, each with its semicolon, and the directive above those that run in batches. */
export function withBackfillDirectives({ text, statements, backfills }: SqlScript): string {
  return statements
    .map((statement) => {
      const backfill = backfills?.get(statement);
      const directive = backfill === undefined ? '' : `-- backfill: ${directiveOf(backfill)}\n`;
      return `${directive}${text.slice(statement.start, statement.end).trim()};`;
    })
    .join('\n');
}

const directiveOf = ({ settings }: Backfill): string =>
  words(settings)
    .map(([name, value]) => `${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${value}`)
    .join(' ') || 'yes';

/** What is not as it would be anyway. */
function words(settings: BackfillSettings): readonly (readonly [string, string])[] {
  const { settings: usual } = resolveBackfill({}, { transform: false });
  const said = {
    key: settings.key === null ? null : settings.key.join(','),
    batchRows: settings.batchRows === usual.batchRows ? null : String(settings.batchRows),
    target: settings.targetMs === usual.targetMs ? null : `${settings.targetMs}ms`,
    share: settings.share === usual.share ? null : String(settings.share),
    maxLag: settings.maxLagMs === usual.maxLagMs ? null : `${settings.maxLagMs}ms`,
    maxErrors: settings.maxErrors === usual.maxErrors ? null : String(settings.maxErrors),
    undo: settings.undo ? 'saved' : null,
    analyze: settings.analyze ? null : 'false',
    synchronousCommit: settings.synchronousCommit ? 'true' : null,
  };
  return Object.entries(said).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
}

/** Whether the words, read again, say the same. */
function isSayable(settings: BackfillSettings): boolean {
  const said = words(settings);
  const again = resolveBackfill(Object.fromEntries(said), { transform: false });
  const isOneWord = said.every(([, value]) => !/\s/.test(value));
  return isOneWord && JSON.stringify(again.settings) === JSON.stringify(settings);
}
