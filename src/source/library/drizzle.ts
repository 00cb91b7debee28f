import type { MigrationDatabase } from '../../migration/database.js';
import { connectionOver } from '../guest-connection.js';
import { requireProjectPackage } from '../project-package.js';

/** The project's own Drizzle, without a schema, whose every statement goes through `client`. @throws {PACKAGE_MISSING} */
export function drizzleOver(client: MigrationDatabase['client'], base: string): unknown {
  const module = requireProjectPackage(base, 'drizzle-orm/node-postgres', 'db.drizzle') as {
    readonly drizzle: (options: object) => unknown;
  };
  return module.drizzle({ client: connectionOver(client) });
}
