// postgres-migrations, as its manual shows it. usage: postgres-migrations.mjs up <project>
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from 'postgres-migrations';

const client = new Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
await migrate({ client }, join(process.argv[3], 'migrations'));
await client.end();
