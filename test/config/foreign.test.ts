import { describe, expect, it, vi } from 'vitest';
import type { Format, FormatRequest } from '../../src/source/format.js';
import { json, problemsOf, resolveIn, row, shortTarget } from './project.js';

/** Stands for a tool: reads `{ dir, url, … }` from a JSON file of its name, and runs nothing. */
function fakeFormat(name: 'knex' | 'prisma' | 'drizzle' | 'flyway', title: string, fallback: string): Format {
  return {
    name,
    title,
    async configure({ root, given, dir, load, environment }: FormatRequest) {
      const file = `${root}/${{ knex: 'knexfile.js', prisma: 'prisma.config.js', drizzle: 'drizzle.config.js', flyway: 'flyway.conf' }[name]}`;
      const said = (await load(file)) as Record<string, string | undefined>;
      const own = (said as Record<string, Record<string, string> | undefined>)[environment] ?? said;
      const connection =
        own['url'] !== undefined
          ? { url: own['url'] }
          : own['host'] === undefined
            ? null
            : { host: own['host'], database: String(own['database']), user: 'tool' };
      return {
        file,
        dir: dir ?? `${root}/${own['dir'] ?? fallback}`,
        settings: { ...given, read: true },
        connection,
        warnings:
          own['odd'] === undefined
            ? []
            : [{ code: 'setting-ignored', message: `${title} says odd, which is not honoured.` }],
      };
    },
    open() {
      throw new Error('Nothing is opened while the configuration is read.');
    },
  };
}

vi.mock('../../src/source/formats.js', () => {
  const formats: Record<string, Format> = {
    knex: fakeFormat('knex', 'Knex', 'migrations'),
    prisma: fakeFormat('prisma', 'Prisma', 'prisma/migrations'),
    drizzle: fakeFormat('drizzle', 'Drizzle', 'drizzle'),
  };
  return {
    isRunnable: (name: string) => name in formats,
    loadFormat: (name: string) => Promise.resolve(formats[name]),
  };
});

const knexfile = (object: unknown): Record<string, string> => ({
  'knexfile.js': `module.exports = ${JSON.stringify(object)};`,
});
const prisma = {
  'prisma.config.js': 'module.exports = {};',
  'prisma/migrations/1_a/migration.sql': 'select 1;',
};
const drizzle = { 'drizzle.config.js': 'module.exports = {};', 'drizzle/0000_a.sql': 'select 1;' };
const knexMigration = 'exports.up = (knex) => knex.schema.createTable("a", () => {});';
const ownMigration = '-- migrate:up\nselect 1;\n';

describe('a project of another tool', () => {
  it('is understood without a lockkeeper.config', async () => {
    const config = await resolveIn({
      ...knexfile({ dir: 'db/changes' }),
      'db/changes/1_a.js': knexMigration,
    });
    expect(config.sources).toEqual([
      {
        name: 'db/changes',
        dir: `${config.root}/db/changes`,
        format: 'knex',
        settings: { read: true },
        keepForeignHistory: true,
      },
    ]);
    expect(row(config, 'migrations')).toEqual({
      key: 'migrations',
      value: 'db/changes (knex)',
      origin: { kind: 'tool', tool: 'Knex', file: 'knexfile.js' },
      overrides: [],
    });
  });

  it('is understood with a lockkeeper.config that names no migrations', async () => {
    const config = await resolveIn({ ...json({ lockTimeout: '3s' }), ...prisma });
    expect(config.sources).toMatchObject([{ name: 'prisma/migrations', format: 'prisma' }]);
  });

  it('is that tool with no migrations yet', async () => {
    const config = await resolveIn(knexfile({ dir: 'db' }));
    expect(config.sources).toMatchObject([{ name: 'db', format: 'knex' }]);
  });

  it('is ours when this version does not run the tool', async () => {
    const config = await resolveIn({ 'flyway.conf': '', 'migrations/V1__a.sql': 'select 1;' });
    expect(config.sources).toMatchObject([{ name: 'migrations', format: 'native' }]);
  });

  it('with Prisma and Drizzle is both, Prisma first', async () => {
    const config = await resolveIn({ ...drizzle, ...prisma });
    expect(config.sources.map(({ format }) => format)).toEqual(['prisma', 'drizzle']);
    expect(row(config, 'migrations')?.origin).toEqual({
      kind: 'tool',
      tool: 'Prisma and Drizzle',
      file: 'prisma.config.js and drizzle.config.js',
    });
  });

  it('with several tools is the one that has migrations', async () => {
    const config = await resolveIn({ ...knexfile({ dir: 'db' }), ...prisma });
    expect(config.sources).toMatchObject([{ format: 'prisma' }]);
  });

  it('with migrations of two tools that do not go together has to say which', async () => {
    const [message] = await problemsOf(
      resolveIn({ ...knexfile({ dir: 'db' }), 'db/1_a.js': knexMigration, ...prisma }),
    );
    expect(message).toBe(
      'This project shows signs of several tools: Knex (db) and Prisma (prisma/migrations). Nothing says whose migrations run, or in which order.',
    );
  });

  it('names what is wrong in its own configuration', async () => {
    const [message] = await problemsOf(
      resolveIn({ 'knexfile.js': 'throw new Error("no key");' }).catch((error: unknown) => {
        throw Object.assign(error as Error, { code: 'CONFIG_INVALID' });
      }),
    );
    expect(message).toContain('knexfile.js failed while it was loaded (line 1): no key');
  });
});

describe('migrations of our own in the folder migrations', () => {
  const own = { 'migrations/1_a.sql': ownMigration };

  it('are what a lockkeeper.config means that names no folder', async () => {
    const config = await resolveIn({ ...json({}), ...prisma, ...own });
    expect(config.sources).toMatchObject([{ name: 'migrations', format: 'native' }]);
  });

  it('are what runs where the other tool has none', async () => {
    const config = await resolveIn({ ...knexfile({ dir: 'db' }), ...own });
    expect(config.sources).toMatchObject([{ format: 'native' }]);
  });

  it('are not guessed to be what runs where the other tool has some too', async () => {
    const [message] = await problemsOf(resolveIn({ ...prisma, ...own }));
    expect(message).toBe(
      "There are migrations of Lockkeeper's own in migrations and of Prisma in prisma/migrations, and nothing says which of them run.",
    );
  });

  it('are told from those of a tool whose folder has the same name, by what is in them', async () => {
    const theirs = await resolveIn({ ...knexfile({}), 'migrations/1_a.js': knexMigration });
    expect(theirs.sources).toMatchObject([{ format: 'knex' }]);
    const ours = await resolveIn({ ...knexfile({}), ...own });
    expect(ours.sources).toMatchObject([{ format: 'native' }]);
    const withOurKnex =
      "import { defineMigration } from 'lockkeeper';\nexport default defineMigration({ up: (db) => db.knex.schema });";
    const code = await resolveIn({ ...knexfile({}), 'migrations/1_a.ts': withOurKnex });
    expect(code.sources).toMatchObject([{ format: 'native' }]);
  });

  it('mixed with those of the tool have to be told apart by a person', async () => {
    const [message] = await problemsOf(
      resolveIn({ ...knexfile({}), ...own, 'migrations/2_b.js': knexMigration }),
    );
    expect(message).toMatch(/^The files in migrations can be migrations of Lockkeeper's own or of knex/);
  });
});

describe('a folder that is named without a format', () => {
  it('is Prisma with its lock file, and Drizzle with its journal', async () => {
    const files = { 'a/migration_lock.toml': '', 'b/meta/_journal.json': '{}' };
    const marks = { 'prisma.config.js': 'module.exports = {}', 'drizzle.config.js': 'module.exports = {}' };
    const config = await resolveIn({ ...files, ...marks, ...json({ migrations: ['a', 'b'] }) });
    expect(config.sources).toMatchObject([
      { name: 'a', format: 'prisma', dir: `${config.root}/a` },
      { name: 'b', format: 'drizzle', dir: `${config.root}/b` },
    ]);
    expect(row(config, 'migrations')?.value).toBe('a (prisma), b (drizzle)');
  });

  it('is of the tool that its files speak of', async () => {
    const files = { ...knexfile({ dir: 'elsewhere' }), 'db/1_a.js': knexMigration };
    const config = await resolveIn({ ...files, ...json({ migrations: 'db' }) });
    expect(config.sources).toMatchObject([{ name: 'db', format: 'knex' }]);
    const flag = await resolveIn(files, { migrations: 'db' });
    expect(flag.sources).toMatchObject([{ name: 'db', format: 'knex' }]);
  });

  it('is ours where the files do not tell and no tool names it, or there are none', async () => {
    const silent = { 'db/1_a.js': 'exports.up = (db) => db.query("select 1");' };
    const config = await resolveIn({ ...knexfile({}), ...silent, ...json({ migrations: 'db' }) });
    expect(config.sources).toMatchObject([{ name: 'db', format: 'native' }]);
    const empty = await resolveIn({ ...knexfile({ dir: 'db' }), ...json({ migrations: 'db' }) });
    expect(empty.sources).toMatchObject([{ format: 'native' }]);
  });

  it('has to get a format where the files do not tell and a tool names it too', async () => {
    const silent = { 'db/1_a.js': 'exports.up = (db) => db.query("select 1");' };
    const [message] = await problemsOf(
      resolveIn({ ...knexfile({ dir: 'db' }), ...silent, ...json({ migrations: 'db' }) }),
    );
    expect(message).toContain('they do not tell, and knexfile.js names the same folder');
    const said = json({ migrations: { dir: 'db', format: 'native' } });
    const config = await resolveIn({ ...knexfile({ dir: 'db' }), ...silent, ...said });
    expect(config.sources).toMatchObject([{ format: 'native' }]);
  });

  it('is ours, and no configuration of another tool is run, where the files are ours', async () => {
    const config = await resolveIn({
      'knexfile.js': 'throw new Error("must not be run")',
      'db/1_a.sql': ownMigration,
      ...json({ migrations: 'db' }),
    });
    expect(config.sources).toMatchObject([{ format: 'native' }]);
  });
});

describe('a format that is named without a folder', () => {
  it('has that of the tool', async () => {
    const config = await resolveIn({
      ...knexfile({ dir: 'db' }),
      ...json({ migrations: { format: 'knex', keepForeignHistory: false, tableName: 'x' } }),
    });
    expect(config.sources).toEqual([
      {
        name: 'db',
        dir: `${config.root}/db`,
        format: 'knex',
        settings: { tableName: 'x', read: true },
        keepForeignHistory: false,
      },
    ]);
  });

  it('has to be one of another tool', async () => {
    const messages = await problemsOf(resolveIn(json({ migrations: { format: 'native' } })));
    expect(messages[0]).toContain('"migrations.dir" in lockkeeper.config.json is missing');
  });
});

describe("the tool's own configuration", () => {
  const url = 'postgres://u:secret@localhost/tool';

  it('says where the database is, where nothing else does', async () => {
    const config = await resolveIn(knexfile({ dir: 'db', url }));
    expect(shortTarget(config)).toBe('u:secret@localhost:5432/tool');
    expect(row(config, 'url')).toMatchObject({
      value: 'postgres://u:***@localhost/tool',
      origin: { kind: 'tool', tool: 'Knex', file: 'knexfile.js' },
    });
  });

  it('says it by parts, and for each environment', async () => {
    const config = await resolveIn(
      knexfile({ production: { host: 'db.example.com', database: 'shop' }, development: { dir: 'x' } }),
      { env: 'production' },
    );
    expect(shortTarget(config)).toBe('tool:null@db.example.com:5432/shop');
    expect(row(config, 'database')?.origin).toMatchObject({ kind: 'tool' });
  });

  it.each([
    ['lockkeeper.config', json({ url: 'postgres://u:p@localhost/b' }), {}],
    ['a section of it', json({ environments: { development: { url: 'postgres://u:p@localhost/b' } } }), {}],
    ['a variable', {}, { variables: { DATABASE_URL: 'postgres://u:p@localhost/b' } }],
    [
      'parts in variables',
      {},
      { variables: { DB_HOST: 'localhost', DB_NAME: 'b', DB_USER: 'u', DB_PASSWORD: 'p' } },
    ],
    ['a flag', {}, { url: 'postgres://u:p@localhost/b' }],
  ])('is weaker than %s', async (_, files, input) => {
    const config = await resolveIn({ ...knexfile({ dir: 'db', url }), ...files }, input);
    expect(shortTarget(config)).toBe('u:p@localhost:5432/b');
    expect(row(config, 'url')?.overrides.at(-1)?.origin).toMatchObject({ kind: 'tool' });
  });

  it("is stronger than the shell's PGHOST", async () => {
    const variables = { PGHOST: 'elsewhere', PGDATABASE: 'other' };
    expect(shortTarget(await resolveIn(knexfile({ dir: 'db', url }), { variables }))).toContain('/tool');
  });

  it('is not used where a section was to say where production is, and does not', async () => {
    const empty = {
      'lockkeeper.config.cjs': 'module.exports = { environments: { production: { url: undefined } } };',
    };
    const messages = await problemsOf(
      resolveIn({ ...knexfile({ dir: 'db', url }), ...empty }, { env: 'production' }),
    );
    expect(messages[0]).toContain('Nothing says where the database of the environment "production" is');
  });

  it('of two tools has to name one database', async () => {
    const files = {
      ...prisma,
      ...drizzle,
      'prisma.config.js': `module.exports = { url: '${url}' };`,
      'drizzle.config.js': `module.exports = { url: 'postgres://u:secret@localhost/other' };`,
    };
    const [message] = await problemsOf(resolveIn(files));
    expect(message).toBe(
      'Two tools of this project name two databases: localhost:5432/tool (Prisma) and localhost:5432/other (Drizzle).',
    );
    const said = { variables: { DATABASE_URL: url } };
    expect((await resolveIn(files, said)).sources).toHaveLength(2);
  });

  it('is told of where it says what nobody honours', async () => {
    const config = await resolveIn(knexfile({ dir: 'db', odd: 'yes' }));
    expect(config.warnings).toEqual([
      { code: 'setting-ignored', message: 'Knex says odd, which is not honoured.' },
    ]);
  });
});
