import type { ResolvedConfig } from '../../config/resolved.js';
import { LockkeeperError } from '../../core/errors.js';
import { type Migration, migrationKey, type Script } from '../../migration/migration.js';
import { createResolver } from '../../migration/order.js';
import { lexScript } from '../../sql/script.js';
import { shownPath } from '../../source/index.js';
import { throwProblems } from '../migrations.js';
import { refusalOfBackfills } from './backfill-text.js';
import type { Collected } from './collect.js';
import { renderConverted } from './file-text.js';
import { newNames, type NewName } from './names.js';
import type { CollectedScript } from './sent-statements.js';

/** A native SQL file that stands for a migration. */
export interface ConvertedFile {
  readonly migration: Migration;
  readonly name: NewName;
  /** Null for a file that is there already, and stays as it is. */
  readonly text: string | null;
  readonly notes: readonly string[];
  /** Why its way down is missing; null where it is not. */
  readonly broken: string | null;
}

/** The files for migrations in the order in which they run. @throws {CONVERT_IMPOSSIBLE} */
export function convertFiles(
  config: ResolvedConfig,
  migrations: readonly Migration[],
  collected: Collected | null,
): readonly ConvertedFile[] {
  throwProblems(migrations.flatMap((migration) => findRefusals(migration, collected)));
  const names = newNames(migrations);
  const versions = new Map(migrations.map((migration, index) => [migration, names[index]?.version ?? '']));
  const resolveOld = createResolver(migrations);
  const kept = new Map<string, string>();
  return migrations.map((migration, index) => {
    const key = migrationKey(migration);
    const up = collected?.up.get(key) ?? null;
    const down = collected?.down.get(key) ?? null;
    const broken = collected?.brokenDowns.get(key) ?? null;
    const settings = migration.keepsSession === true ? [...kept.values()] : [];
    if (migration.keepsSession === true) noteSettings(kept, migration.up, up);
    const text = renderConverted({
      migration,
      from: shownPath(migration.path, config.root),
      up,
      down,
      brokenDown: broken,
      settings,
      depends: migration.metadata.depends.map((word) => {
        const [needed] = resolveOld(word);
        return (needed === undefined ? undefined : versions.get(needed)) ?? word;
      }),
    });
    const notes = [...(up?.notes ?? []), ...(broken === null ? [] : [`Its way down failed: ${broken}`])];
    return { migration, name: names[index] ?? { version: '', stem: '' }, text, notes, broken };
  });
}

/** What a migration sets for its session, where the old tool lets the next ones find it. The last of each wins. */
function noteSettings(kept: Map<string, string>, script: Script, collected: CollectedScript | null): void {
  const text = script.kind === 'sql' ? script.text : (collected?.statements ?? []).join('\n');
  for (const { start, end, traits } of lexScript(text).statements) {
    if (traits.sessionState !== 'set') continue;
    const statement = text.slice(start, end);
    const key = /^(?:re)?set\s+(?:session\s+)?([\w.]+)/i.exec(statement)?.[1]?.toLowerCase() ?? statement;
    kept.delete(key);
    kept.set(key, `${statement};`);
  }
}

function findRefusals(migration: Migration, collected: Collected | null): readonly LockkeeperError[] {
  const key = migrationKey(migration);
  const scripts = [
    { way: 'up', script: migration.up, sent: collected?.up.get(key) },
    { way: 'down', script: migration.down, sent: collected?.down.get(key) },
  ];
  return scripts.flatMap(({ way, script, sent }) => {
    const why = script === null ? null : refusalOf(migration, script, sent ?? null);
    if (why === null || script === null) return [];
    return [
      new LockkeeperError('CONVERT_IMPOSSIBLE', {
        message: `The way ${way} of ${migration.version} (${script.file}) cannot be written as SQL: ${why}.`,
        hint: 'Convert the others by naming them, and keep this one as it is; or write it by hand.',
        details: { version: migration.version },
      }),
    ];
  });
}

function refusalOf(migration: Migration, script: Script, sent: CollectedScript | null): string | null {
  if (script.kind === 'sql') return migration.format === 'typescript' ? refusalOfBackfills(script) : null;
  if (script.ownConnection) return 'its function opens connections of its own, which nobody sees';
  return sent?.refused ?? null;
}
