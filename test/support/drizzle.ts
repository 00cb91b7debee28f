import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ForeignSide } from './foreign-side.js';
import { toolsFolder } from './tools.js';

export interface DrizzleMigrateOptions {
  readonly migrationsTable?: string;
  readonly migrationsSchema?: string;
}

/** Drizzle's own migrator, which `drizzle-kit migrate` calls, on the folder `drizzle` of a project. */
export async function migrateWithDrizzle(
  side: ForeignSide,
  options: DrizzleMigrateOptions = {},
): Promise<void> {
  const load = createRequire(join(toolsFolder, 'package.json'));
  const { drizzle } = load('drizzle-orm/node-postgres') as { drizzle: (client: unknown) => unknown };
  const { migrate } = load('drizzle-orm/node-postgres/migrator') as {
    migrate: (database: unknown, options: object) => Promise<void>;
  };
  const client = await side.database.connect();
  try {
    await migrate(drizzle(client), { migrationsFolder: join(side.project.dir, 'drizzle'), ...options });
  } finally {
    await client.end();
  }
}
