import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { FormatRequest } from '../../../src/source/format.js';
import { FileReader } from '../../../src/source/file-bytes.js';
import { kysely } from '../../../src/source/kysely/index.js';
import { failure } from '../../support/failure.js';
import { tempProject, type TempProject } from '../../support/project.js';

const projects: TempProject[] = [];

afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

function createProject(files: Readonly<Record<string, string>>): TempProject {
  const project = tempProject(files);
  projects.push(project);
  return project;
}

const configure = (project: TempProject, config: unknown = {}, more: Partial<FormatRequest> = {}) =>
  kysely.configure({
    root: project.dir,
    environment: 'production',
    given: {},
    dir: null,
    variable: () => undefined,
    load: () => Promise.resolve(config),
    ...more,
  });

const open = (project: TempProject) =>
  kysely.open(
    { name: 'm', dir: join(project.dir, 'migrations'), format: 'kysely' },
    { root: project.dir, reader: new FileReader() },
  );

describe('kysely.config', () => {
  it('is read with the section of the environment laid over it', async () => {
    const project = createProject({ '.config/kysely.config.ts': '' });
    const { dir, settings, warnings } = await configure(project, {
      dialect: 'pg',
      plugins: ['a plugin'],
      migrations: { migrationFolder: 'm', migrationTableName: 'done', getMigrationPrefix: () => '' },
      $env: { prod: { migrations: { migrationTableSchema: 'app' } } },
    });
    expect(dir).toBe(join(project.dir, 'm'));
    expect(settings).toMatchObject({
      tableName: 'done',
      schema: 'app',
      makesSchema: true,
      plugins: ['a plugin'],
    });
    expect(warnings.map(({ message }) => message)).toEqual([
      'kysely.config.ts: not used here: migrations.getMigrationPrefix and dialect (the connection is that of Lockkeeper).',
    ]);
  });

  it.each([
    [{ dialect: 'mysql2' }, 'kysely.config.ts has the dialect "mysql2".'],
    [
      { migrations: { provider: {} } },
      'kysely.config.ts has a "migrations.provider", which only Kysely itself can ask for its migrations.',
    ],
  ])('%j is refused', async (config, message) => {
    const project = createProject({ 'kysely.config.ts': '' });
    expect(await failure(configure(project, config))).toMatchObject({ code: 'CONFIG_INVALID', message });
  });

  it('need not be there', async () => {
    const project = createProject({});
    const given = { migrationTableName: 'done', migrationLockTableName: 'busy' };
    const { file, settings } = await configure(project, null, { given });
    expect({ file, settings }).toMatchObject({
      file: null,
      settings: { tableName: 'done', lockTableName: 'busy' },
    });
  });
});

describe('files', () => {
  it('are known by their names without the extension, in their order', () => {
    const project = createProject({
      'migrations/2_b.ts': '',
      'migrations/10_a.mjs': '',
      'migrations/1_c.js': '',
      'migrations/1_c.d.ts': '',
      'migrations/readme.md': '',
    });
    expect(
      open(project)
        .list()
        .files.map(({ foreignKey, name }) => [foreignKey, name]),
    ).toEqual([
      ['10_a', 'a'],
      ['1_c', 'c'],
      ['2_b', 'b'],
    ]);
  });

  it('that export no up are refused', async () => {
    const source = open(
      createProject({ 'migrations/1_a.js': 'exports.down = () => {};', 'node_modules/kysely/index.js': '' }),
    );
    const { problems } = await source.read(source.list().files);
    expect(problems.map(({ code }) => code)).toEqual(['MIGRATION_SHAPE_INVALID']);
  });

  it.each([
    ['001_a.ts', '002_x.ts'],
    ['20250101000000_a.ts', '20260203040506_x.ts'],
    ['1700000000000_a.ts', '1770091506000_x.ts'],
  ])('go on behind %s with %s', (existing, next) => {
    const source = open(createProject({ [`migrations/${existing}`]: '' }));
    const now = new Date('2026-02-03T04:05:06Z');
    const [made] =
      source.create?.({ name: 'x', now, up: 'select `1\\n`', down: null, existing: source.list().files }) ??
      [];
    expect(made?.path.endsWith(next)).toBe(true);
    expect(made?.content).toContain('await sql`\nselect \\`1\\\\n\\`\n  `.execute(db);');
  });
});
