import { expect, it } from 'vitest';
import { createWorkspace } from './workspace.js';

it('applies a code migration that is still the template, and says so', async () => {
  const app = await createWorkspace({
    '1_users.ts': `export async function up(db: unknown): Promise<void> {\n  // Write the way up here.\n}\nexport async function down(): Promise<void> {}\n`,
    '2_teams.ts': `export const up = 'create table teams (id int)';\n`,
  });
  const { applied, warnings } = await app.up();
  expect(applied.map(({ version }) => version)).toEqual(['1', '2']);
  expect(warnings.map(({ code, message }) => [code, message])).toEqual([
    ['migration-unfilled', 'migrations/1_users.ts does nothing: "up" and "down" are still empty.'],
  ]);
});
