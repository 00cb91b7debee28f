import type { Migration } from '../migration/migration.js';

/**
 * Version order, except that what a migration depends on comes before it. Stable: without dependencies nothing
 * moves. Cycles were refused when the files were read; here an entry that is being visited is simply not visited
 * again.
 */
export function orderByDependencies(migrations: readonly Migration[]): readonly Migration[] {
  if (migrations.every((migration) => migration.metadata.depends.length === 0)) return migrations;
  const byWord = new Map<string, Migration>();
  for (const migration of migrations) {
    for (const word of wordsFor(migration)) byWord.set(word, migration);
  }
  const ordered: Migration[] = [];
  const seen = new Set<Migration>();
  const visit = (migration: Migration): void => {
    if (seen.has(migration)) return;
    seen.add(migration);
    for (const word of migration.metadata.depends) {
      const dependency = byWord.get(word);
      if (dependency !== undefined) visit(dependency);
    }
    ordered.push(migration);
  };
  migrations.forEach(visit);
  return ordered;
}

/** The ways a person may name a migration: version, name, or both as in the file name. */
export function wordsFor(migration: { readonly version: string; readonly name: string }): readonly string[] {
  return [migration.version, migration.name, `${migration.version}_${migration.name}`];
}
