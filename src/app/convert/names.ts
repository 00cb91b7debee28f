import type { Migration } from '../../migration/migration.js';
import { parseMigrationName, sortByVersion, versionIdentity } from '../../migration/version.js';

/** What a converted migration is called. */
export interface NewName {
  readonly version: string;
  /** `20240101_create_users`, without extension. */
  readonly stem: string;
}

/**
 * Names for migrations in the order in which they run. Versions that the old names hold are kept where they say the
 * same order; otherwise all are numbered anew.
 */
export function newNames(migrations: readonly Migration[]): readonly NewName[] {
  const kept = migrations.map(keptName);
  const versioned = kept.filter((name): name is NewName => name !== null && !name.stem.startsWith('R__'));
  const repeatable = migrations.filter((migration) => migration.repeatable).length;
  const distinct = new Set(versioned.map(({ version }) => versionIdentity(version))).size;
  const complete = versioned.length + repeatable === migrations.length && distinct === versioned.length;
  const sorted = sortByVersion(versioned, ({ version }) => version);
  if (complete && sorted.every((name, index) => name === versioned[index])) {
    return kept.map((name) => name ?? { version: '', stem: '' });
  }
  const width = Math.max(4, String(migrations.length).length);
  return migrations.map((migration, index) => {
    if (migration.repeatable) return repeatableName(migration);
    const version = String(index + 1).padStart(width, '0');
    return { version, stem: `${version}_${plainName(migration.name || migration.version)}` };
  });
}

function keptName(migration: Migration): NewName | null {
  if (migration.repeatable) return repeatableName(migration);
  const parsed = parseMigrationName(migration.version);
  if (parsed === null || parsed.repeatable) return null;
  const name = plainName(parsed.name === '' ? migration.name : parsed.name);
  return { version: parsed.version, stem: name === '' ? parsed.version : `${parsed.version}_${name}` };
}

function repeatableName({ name, version }: Migration): NewName {
  const stem = `R__${plainName(name === '' ? version.replace(/^R__/, '') : name)}`;
  return { version: stem, stem };
}

/** Letters of any alphabet, digits and underscores. */
function plainName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}]+/gu, '_').replaceAll(/^_+|_+$/g, '');
}
