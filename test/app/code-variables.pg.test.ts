import { afterEach, describe, expect, it } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import {
  createDatabase,
  tempProject,
  tableExists,
  type TempProject,
  type TestDatabase,
} from '../support/database.js';
import { linkTools } from '../support/tools.js';

let database: TestDatabase;
let project: TempProject;

afterEach(async () => {
  await database.drop();
  project.remove();
});

/** A migration as an object with pools of its own, which it opens by a function of the application's. */
const script = (id: string, dependencies: readonly string[], up: string, down: string): string => `
import { Pool } from 'pg';
import { drizzle } from 'drizzle-orm/node-postgres';
import { createDatabaseConfig } from '../../config';
import { Migration } from '../migration-manager';

const run = async (sql: string): Promise<void> => {
  const config = createDatabaseConfig();
  const pool = new Pool({ connectionString: config.primary.connectionString, ...config.primary.poolConfig });
  const db = drizzle(pool);
  try {
    await db.execute(sql);
  } finally {
    await pool.end();
  }
};

const migration: Migration = {
  id: '${id}',
  name: '${id}',
  version: '1.2.0',
  description: 'Made for a test',
  checksum: '00',
  dependencies: ${JSON.stringify(dependencies)},
  async up(): Promise<void> {
    await run(\`${up}\`);
  },
  async down(): Promise<void> {
    await run(\`${down}\`);
  },
};

export default migration;
`;

describe('migrations that open connections of their own', () => {
  it('find the variables of .env while they run, and nothing of them stays behind', async () => {
    database = await createDatabase();
    const folder = 'src/database/migrations';
    project = tempProject({
      '.env': `DATABASE_URL="${database.url}"\n`,
      'lockkeeper.config.json': JSON.stringify({ migrations: `${folder}/scripts` }),
      'src/database/config.ts':
        'export const createDatabaseConfig = () => ({ primary: { connectionString: process.env.DATABASE_URL ?? "none", poolConfig: { max: 1 } } });',
      [`${folder}/migration-manager.ts`]:
        'export interface Migration { id: string; name: string; version: string; description: string; checksum: string; dependencies: string[]; up(): Promise<void>; down(): Promise<void> }',
      [`${folder}/scripts/001_initial_tables.ts`]: script(
        '001_initial_tables',
        [],
        'create table users (id int)',
        'drop table users',
      ),
      [`${folder}/scripts/003_preferences.ts`]: script(
        '003_preferences',
        ['001_initial_tables'],
        'create table preferences (id int)',
        'drop table preferences',
      ),
    });
    linkTools(project);
    const before = process.env['DATABASE_URL'];
    delete process.env['DATABASE_URL'];
    try {
      const lockkeeper = await createLockkeeper({ cwd: project.dir, variables: {} });
      await lockkeeper.up();
      expect(await tableExists(database, 'preferences')).toBe(true);
      expect(process.env['DATABASE_URL']).toBeUndefined();
      await lockkeeper.down({ all: true, yes: true });
      expect(await tableExists(database, 'users')).toBe(false);
    } finally {
      if (before !== undefined) process.env['DATABASE_URL'] = before;
    }
  });
});
