import { LockkeeperError } from '../core/errors.js';
import { didYouMean } from '../core/text.js';
import type { Migration, MigrationFile } from '../migration/migration.js';
import { createResolver, findReferenced } from '../migration/order.js';

/** `dependsOn` of a folder in the configuration: what a migration needs, by any of the words that name it. */
export type DeclaredDependencies = Readonly<Record<string, readonly string[]>>;

/** Adds what the configuration says to what the migrations of a folder say themselves. */
export function withDeclared(
  migrations: readonly Migration[],
  declared: DeclaredDependencies | undefined,
): readonly Migration[] {
  const said = Object.entries(declared ?? {});
  if (said.length === 0) return migrations;
  return migrations.map((migration) => {
    const more = said.flatMap(([key, needs]) => (findReferenced(key, [migration]).length > 0 ? needs : []));
    if (more.length === 0) return migration;
    const depends = [...new Set([...migration.metadata.depends, ...more])];
    return { ...migration, metadata: { ...migration.metadata, depends } };
  });
}

/** A key has to name exactly one migration of its folder; what it needs is checked with everything that is read. */
export function checkDeclared(
  files: readonly MigrationFile[],
  declared: DeclaredDependencies | undefined,
): readonly LockkeeperError[] {
  const keys = Object.keys(declared ?? {});
  if (keys.length === 0) return [];
  const resolve = createResolver(files);
  return keys.flatMap((key) => {
    const found = resolve(key);
    if (found.length === 1) return [];
    const near = didYouMean(
      key,
      files.map(({ version }) => version),
    );
    return [
      new LockkeeperError('MIGRATION_DEPENDENCY_UNKNOWN', {
        message: `"dependsOn" in the configuration names the migration "${key}", and ${found.length === 0 ? 'its folder has none of that name' : `${found.length} of its folder have that name`}.${near}`,
        hint: 'Name the version of a migration of that folder.',
        details: { reference: key },
      }),
    ];
  });
}
