import { defineConfig } from 'vitest/config';

// Three kinds of tests by suffix: unit (no database), pg (real servers), cli (spawns the built program).
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Properties with many cases take seconds on a busy machine.
          testTimeout: 30_000,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.pg.test.ts', 'test/**/*.cli.test.ts', 'test/tools/**'],
        },
      },
      {
        test: {
          name: 'postgres',
          include: ['test/**/*.pg.test.ts', 'test/**/*.cli.test.ts'],
          exclude: ['test/tools/**'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // On a shared machine one of thousands may meet a pause of seconds. It is run again, and shown as retried:
          // a test that is seen there twice has a defect.
          retry: process.env['CI'] === undefined ? 0 : 1,
          maxWorkers: 2,
          // Vitest wants an order of their own for projects with different numbers of workers.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
