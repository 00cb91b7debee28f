// drizzle-orm's migrate(), as its manual shows it. usage: drizzle.mjs up <project>
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { Pool } from 'pg';

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 1 });
await migrate(drizzle(pool), { migrationsFolder: join(process.argv[3], 'drizzle') });
await pool.end();
