import { afterEach, describe, expect, it } from 'vitest';
import { failure } from '../app/workspace.js';
import { servers } from '../support/database.js';
import { closeForeignSides, type ForeignSide, openForeignSide } from '../support/foreign-side.js';
import { prismaEngine, type PrismaEngine, upToDate } from '../support/prisma.js';
import { describeSchema } from '../support/schema.js';

afterEach(closeForeignSides);

const names = [
  '20250310081500_init',
  '20250317103000_loans',
  '20250324090000_find_overdue_loans',
  '20250401120000_count_copies',
  '20250408070000_lost_loans',
  '20250415150000_set_aside',
];

const folder = (side: ForeignSide): string => `${side.project.dir}/prisma/migrations`;

const engineOf = (side: ForeignSide, schema = 'public'): PrismaEngine =>
  prismaEngine(folder(side), { url: side.database.url, schema });

const history = (side: ForeignSide, schema = 'public'): Promise<readonly object[]> =>
  side.database.query(
    `select migration_name, checksum, logs, rolled_back_at, applied_steps_count, finished_at is not null as finished,
            started_at <= finished_at as ordered, length(id) as id_length
     from ${schema}._prisma_migrations order by started_at, migration_name`,
  );

describe.each(servers)('examples/prisma on PostgreSQL $major', (server) => {
  const open = (): Promise<ForeignSide> => openForeignSide({ server, example: 'prisma' });

  it('comes to the same schema, data and history as with Prisma', async () => {
    const [theirs, ours] = [await open(), await open()];
    expect(await engineOf(theirs).deploy()).toEqual(names);
    const { applied } = await ours.up();
    expect(applied.map(({ version }) => version)).toEqual(names);
    expect(await describeSchema(ours.database)).toBe(await describeSchema(theirs.database));
    const books = 'select title, shelf, copies from books order by title';
    expect(await ours.database.query(books)).toEqual(await theirs.database.query(books));
    expect(await history(ours)).toEqual(await history(theirs));
    expect(await engineOf(ours).status()).toEqual(upToDate);
    expect(await engineOf(ours).deploy()).toEqual([]);
  });

  it('agrees with Prisma on what is pending, after any ups and downs', async () => {
    const side = await open();
    const engine = engineOf(side);
    await side.up();
    for (const steps of [1, 2, 3]) {
      await side.down({ steps });
      const { history: diagnosis } = await engine.status();
      expect(diagnosis?.unappliedMigrationNames).toEqual(await side.pending());
      await side.up({ steps: 1 });
    }
    await side.up();
    expect(await engine.status()).toEqual(upToDate);
  });

  it('takes turns with Prisma', async () => {
    const side = await open();
    const engine = engineOf(side);
    await side.up({ steps: 2 });
    expect(await engine.deploy()).toEqual(names.slice(2));
    expect(await side.pending()).toEqual([]);
    side.project.write('prisma/migrations/20250501000000_more/migration.sql', 'create table more (id int);');
    await side.up();
    expect(await engine.status()).toEqual(upToDate);
    side.project.write('prisma/migrations/20250502000000_last/migration.sql', 'create table last (id int);');
    expect(await engine.deploy()).toEqual(['20250502000000_last']);
    expect(await side.applied()).toEqual([...names, '20250501000000_more', '20250502000000_last']);
  });

  it('stops at what Prisma began and could not finish, until that is settled', async () => {
    const side = await open();
    const engine = engineOf(side);
    await side.up();
    side.project.write(
      'prisma/migrations/20250501000000_bad/migration.sql',
      'create table bad (id nothing);',
    );
    await expect(engine.deploy()).rejects.toThrow('apply_script');
    expect((await engine.status()).failedMigrationNames).toEqual(['20250501000000_bad']);
    const error = await failure(side.up());
    expect(error.code).toBe('FOREIGN_HISTORY_FAILED');
    expect(error.message).toContain('20250501000000_bad');
    side.project.write('prisma/migrations/20250501000000_bad/migration.sql', 'create table good (id int);');
    await engine.resolveRolledBack('20250501000000_bad');
    expect(await side.pending()).toEqual(['20250501000000_bad']);
    await side.up();
    expect(await engine.deploy()).toEqual([]);
    expect((await engine.status()).failedMigrationNames).toEqual([]);
  });

  it('keeps its history where the parameter "schema" of the url says', async () => {
    const files = {
      'prisma/migrations/1_a/migration.sql': 'create table a (id int);',
      'lockkeeper.config.json': '{"migrations":{"dir":"prisma/migrations","format":"prisma"}}',
      'prisma/schema.prisma': 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
    };
    const side = await openForeignSide({ server, files, parameters: '?schema=library' });
    await side.up();
    expect(
      await side.database.query('select tablename from pg_tables where schemaname = $1 order by 1', [
        'library',
      ]),
    ).toEqual([{ tablename: '_prisma_migrations' }, { tablename: 'a' }]);
    expect(await engineOf(side, 'library').status()).toEqual(upToDate);
  });

  it('takes a way down that is added after the migration was applied', async () => {
    const side = await open();
    const down = 'prisma/migrations/20250415150000_set_aside/down.sql';
    await side.up();
    side.project.write(down, 'create table undone (id int);');
    expect((await side.up()).applied).toEqual([]);
    await side.down();
    expect(await side.database.query(`select to_regclass('undone') is not null as undone`)).toEqual([
      { undone: true },
    ]);
  });

  it('waits for a run of Prisma', async () => {
    const side = await open();
    const other = await side.database.connect();
    await other.query('select pg_advisory_lock(72707369)');
    expect((await failure(side.up())).code).toBe('FOREIGN_LOCK_HELD');
    await other.query('select pg_advisory_unlock(72707369)');
    expect((await side.up()).applied).toHaveLength(names.length);
  });

  it('runs what Prisma itself cannot: files that have to be split', async () => {
    const files = {
      'prisma/migrations/1_a/migration.sql': [
        `create type mood as enum ('calm');`,
        'create table a (id int, mood mood);',
        'create index concurrently a_id on a (id);',
        `alter type mood add value 'glad';`,
        `insert into a values (1, 'glad');`,
      ].join('\n'),
      'lockkeeper.config.json': '{"migrations":{"dir":"prisma/migrations","format":"prisma"}}',
    };
    const [theirs, ours] = [
      await openForeignSide({ server, files }),
      await openForeignSide({ server, files }),
    ];
    await expect(engineOf(theirs).deploy()).rejects.toThrow('apply_script');
    await ours.up();
    expect(await ours.database.query('select mood::text from a')).toEqual([{ mood: 'glad' }]);
    expect(await engineOf(ours).status()).toEqual(upToDate);
  });

  it('tells Prisma of a migration that stopped partly applied, until it is finished or settled', async () => {
    const side = await open();
    await side.up();
    const name = '20250501000000_half';
    side.project.write(
      `prisma/migrations/${name}/migration.sql`,
      'create table half (id int);\ncreate index concurrently half_id on half (id);\ninsert into missing values (1);\n',
    );
    const failed = async (): Promise<readonly string[]> =>
      (await engineOf(side).status()).failedMigrationNames;
    for (const attempt of [1, 2]) {
      expect((await failure(side.up())).code, `attempt ${attempt}`).toBe('MIGRATION_FAILED');
      expect(await failed()).toEqual([name]);
    }
    expect(await side.pending()).toEqual([name]);
    const lockkeeper = await side.open();
    await lockkeeper.mark({ version: name, as: 'pending', why: 'a try', yes: true });
    expect(await failed()).toEqual([]);
    await side.database.query('drop table half; create table missing (id int)');
    await side.up();
    expect(await engineOf(side).status()).toEqual(upToDate);
    expect(
      await side.database.query(`select from _prisma_migrations where migration_name = '${name}'`),
    ).toHaveLength(1);
  });

  it('finishes what it told Prisma of as begun', async () => {
    const side = await open();
    await side.up();
    side.project.write(
      'prisma/migrations/20250501000000_half/migration.sql',
      'create table half (id int);\ncreate index concurrently half_id on half (id);\ninsert into missing values (1);\n',
    );
    await failure(side.up());
    await side.database.query('create table missing (id int)');
    expect((await side.up()).applied.map(({ version }) => version)).toEqual(['20250501000000_half']);
    expect(await engineOf(side).status()).toEqual(upToDate);
  });

  it('lets a setting of one file hold in the next, as Prisma does', async () => {
    const files = {
      'prisma/migrations/1_a/migration.sql': 'create schema side; set search_path = side;',
      'prisma/migrations/2_b/migration.sql': 'create table b (id int);',
      'lockkeeper.config.json': '{"migrations":{"dir":"prisma/migrations","format":"prisma"}}',
    };
    const side = await openForeignSide({ server, files });
    await side.up();
    expect(await side.database.query(`select schemaname from pg_tables where tablename = 'b'`)).toEqual([
      { schemaname: 'side' },
    ]);
  });
});
