import { defineConfig } from 'lockkeeper/config';

export default defineConfig({
  migrations: [
    { dir: 'prisma/migrations', format: 'prisma' },
    {
      dir: 'drizzle',
      format: 'drizzle',
      // The table of sessions points to that of accounts, and no comment in Drizzle's file could say so: its hash is in
      // Drizzle's history.
      dependsOn: { '0000_sessions': ['20250310081500_accounts'] },
    },
  ],
});
