import { cpSync, rmSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/index.js';
import { repository, tempProject, type TempProject } from '../support/project.js';
import { linkTools } from '../support/tools.js';
import { row } from './project.js';

let project: TempProject | undefined;
afterEach(() => {
  project?.remove();
  project = undefined;
});

describe('an example of another tool, without its lockkeeper.config', () => {
  it.each([
    ['knex', 'knex', 'migrations', 'knexfile.js'],
    ['node-pg-migrate', 'node-pg-migrate', 'migrations', 'migrate-config.json'],
    ['prisma', 'prisma', 'prisma/migrations', 'prisma/schema.prisma'],
    ['drizzle', 'drizzle', 'drizzle', 'drizzle.config.ts'],
    ['db-migrate', 'db-migrate', 'migrations', 'database.json'],
  ])('%s: is understood as it is', async (example, format, name, file) => {
    project = tempProject();
    const { dir } = project;
    cpSync(join(repository, 'examples', example), dir, { recursive: true });
    for (const each of readdirSync(dir)) {
      if (each.startsWith('lockkeeper.config')) rmSync(join(dir, each));
    }
    linkTools(project);
    const config = await resolveConfig({ cwd: dir, variables: {} });
    expect(config.sources).toMatchObject([{ format, name }]);
    expect(row(config, 'migrations')?.origin).toMatchObject({ kind: 'tool', file });
  });
});
