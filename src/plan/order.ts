import type { Migration } from '../migration/migration.js';
import { createResolver } from '../migration/order.js';

/**
 * Version order, except that what a migration depends on comes before it. Stable: without dependencies nothing
 * moves. Cycles were refused when the files were read; here an entry that is being visited is simply not visited
 * again.
 */
export function orderByDependencies(migrations: readonly Migration[]): readonly Migration[] {
  if (migrations.every((migration) => migration.metadata.depends.length === 0)) return migrations;
  const resolve = createResolver(migrations);
  const ordered: Migration[] = [];
  const seen = new Set<Migration>();
  const visit = (migration: Migration): void => {
    if (seen.has(migration)) return;
    seen.add(migration);
    for (const reference of migration.metadata.depends) resolve(reference).forEach(visit);
    ordered.push(migration);
  };
  migrations.forEach(visit);
  return ordered;
}
