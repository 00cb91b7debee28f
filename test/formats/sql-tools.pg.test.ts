import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { latest, servers, tableExists, type TestServer } from '../support/database.js';
import { dumpableServers, dumpSchema } from '../support/schema-dump.js';
import { runTool } from '../support/tools.js';
import { codesOf, createWorkspace, failure, type Workspace } from '../app/workspace.js';

const room = 'create table room (id serial primary key, price numeric(8, 2) check (price > 0));';
const body = 'create function twice(n int) returns int language plpgsql as $$ begin return n * 2; end; $$';
const index = 'create index concurrently room_price on room (price);';
const noIndex = 'drop index concurrently room_price;';

interface Example {
  readonly format: string;
  readonly files: Readonly<Record<string, string>>;
  /** Two migrations. */
  readonly versions: readonly [string, string];
  readonly history: string;
  readonly rows: readonly string[];
  /** What is left of them after one step down; none where there is no way back. */
  readonly oneLess: readonly string[] | null;
}

const examples: readonly Example[] = [
  {
    format: 'dbmate',
    files: {
      '20240101_room.sql': `-- migrate:up\n${room}\n-- migrate:down\ndrop table room;\n`,
      '20240102_index.sql': `-- migrate:up transaction:false\n${index}\n-- migrate:down transaction:false\n${noIndex}\n`,
    },
    versions: ['20240101', '20240102'],
    history: 'select version as row from schema_migrations order by 1',
    rows: ['20240101', '20240102'],
    oneLess: ['20240101'],
  },
  {
    format: 'golang-migrate',
    files: {
      '0001_room.up.sql': room,
      '0001_room.down.sql': 'drop table room;',
      '0002_index.up.sql': index,
      '0002_index.down.sql': noIndex,
    },
    versions: ['0001', '0002'],
    history: `select version || '|' || dirty as row from schema_migrations`,
    rows: ['2|false'],
    oneLess: ['1|false'],
  },
  {
    format: 'goose',
    files: {
      '00001_room.sql': `-- +goose Up\n${room}\n-- +goose StatementBegin\n${body};\n-- +goose StatementEnd\n\n-- +goose Down\ndrop function twice; drop table room;\n`,
      '00002_index.sql': `-- +goose NO TRANSACTION\n-- +goose Up\n${index}\n-- +goose Down\n${noIndex}\n`,
    },
    versions: ['00001', '00002'],
    history: `select id || '|' || version_id || '|' || is_applied as row from goose_db_version order by id`,
    rows: ['1|0|true', '2|1|true', '3|2|true'],
    oneLess: ['1|0|true', '2|1|true'],
  },
  {
    format: 'sql-migrate',
    files: {
      '2-room.sql': `-- +migrate Up\n${room}\n-- +migrate StatementBegin\n${body}\n-- +migrate StatementEnd\n-- +migrate Down\ndrop function twice; drop table room;\n`,
      '10-index.sql': `-- +migrate Up notransaction\n${index}\n-- +migrate Down notransaction\n${noIndex}\n`,
    },
    versions: ['2-room', '10-index'],
    history: 'select id as row from gorp_migrations order by applied_at',
    rows: ['2-room.sql', '10-index.sql'],
    oneLess: ['2-room.sql'],
  },
  {
    format: 'diesel',
    files: {
      '2024-01-01-000000_room/up.sql': room,
      '2024-01-01-000000_room/down.sql': 'drop table room;',
      '20240102000000_index/up.sql': index,
      '20240102000000_index/down.sql': noIndex,
      '20240102000000_index/metadata.toml': 'run_in_transaction = false\n',
    },
    versions: ['20240101000000', '20240102000000'],
    history: 'select version as row from __diesel_schema_migrations order by 1',
    rows: ['20240101000000', '20240102000000'],
    oneLess: ['20240101000000'],
  },
  {
    // Hashes as graphile-migrate 1.4.1 wrote them.
    format: 'graphile-migrate',
    files: {
      'committed/000001.sql':
        '--! Previous: -\n--! Hash: sha1:e9b0549ae0a36bf80d313be61bd35c0ebde73547\n\ncreate table room (id int);\n',
      'committed/000002-more.sql':
        '--! Previous: sha1:e9b0549ae0a36bf80d313be61bd35c0ebde73547\n--! Hash: sha1:00\n--! AllowInvalidHash\n\n--! no-transaction\ncreate index concurrently room_id on room (id);\n',
    },
    versions: ['000001', '000002'],
    history: `select filename || '|' || coalesce(previous_hash, '-') as row from graphile_migrate.migrations order by filename`,
    rows: ['000001.sql|-', '000002.sql|sha1:e9b0549ae0a36bf80d313be61bd35c0ebde73547'],
    oneLess: null,
  },
];

const open = (
  server: TestServer,
  format: string,
  files: Readonly<Record<string, string>>,
): Promise<Workspace> =>
  createWorkspace(files, { server, config: { migrations: { dir: 'migrations', format } } });

const rows = async ({ database }: Workspace, query: string): Promise<readonly string[]> =>
  (await database.query<{ row: string }>(query)).map(({ row }) => row);

const pending = async (app: Workspace): Promise<readonly string[]> =>
  (await (await app.open()).status()).pending.map(({ version }) => version);

describe.each(servers)('SQL of other tools on PostgreSQL $major', (server) => {
  it.each(examples)('$format: runs as it is and back, with its own history', async (example) => {
    const app = await open(server, example.format, example.files);
    await app.up();
    expect(await app.applied()).toEqual(example.versions);
    expect(await rows(app, example.history)).toEqual(example.rows);
    if (example.oneLess === null) return;
    await (await app.open()).down();
    expect(await rows(app, example.history)).toEqual(example.oneLess);
    expect(await pending(app)).toEqual([example.versions[1]]);
    await (await app.open()).down();
    expect(await tableExists(app.database, 'room')).toBe(false);
    await app.up();
    expect(await pending(app)).toEqual([]);
  });
});

describe('what the tool itself did', () => {
  it('golang-migrate: one row stands for all before it, and a dirty one stops everything', async () => {
    const { files } = examples[1]!;
    const app = await open(latest, 'golang-migrate', files);
    await app.database.query(
      `${room}; create table schema_migrations (version bigint primary key, dirty boolean not null); insert into schema_migrations values (1, false)`,
    );
    await (await app.open()).adopt({ yes: true });
    expect(await pending(app)).toEqual(['0002']);
    await app.database.query('update schema_migrations set version = 2, dirty = true');
    expect((await failure(app.up())).code).toBe('FOREIGN_HISTORY_FAILED');
  });

  it('golang-migrate: its lock is the number that it makes of schema, table and database', async () => {
    const app = await open(latest, 'golang-migrate', examples[1]!.files);
    // CRC-32 of "public\0schema_migrations\0<database>" times 1486364155, in 32 bits.
    const { crc32 } = await import('node:zlib');
    const sum = crc32(`public\0schema_migrations\0${app.database.name}`);
    const key = Number((BigInt(sum) * 1_486_364_155n) % 4_294_967_296n);
    const other = await app.database.connect();
    await other.query(`select pg_advisory_lock(${key})`);
    expect((await failure(app.up())).code).toBe('FOREIGN_LOCK_HELD');
    await other.query('select pg_advisory_unlock_all()');
  });

  it('golang-migrate: a way back that was always broken stops only who goes there', async () => {
    const app = await open(latest, 'golang-migrate', {
      '1_a.up.sql': 'create table a (id int);',
      '1_a.down.sql': 'drop tabel a;',
    });
    await app.up();
    expect(await app.applied()).toEqual(['1']);
    expect(codesOf(await failure((await app.open()).down()))).toEqual(['SQL_SYNTAX']);
  });

  it('golang-migrate: a file that was merged late is pending, though its number is below the row', async () => {
    const app = await open(latest, 'golang-migrate', {
      '1_a.up.sql': 'select 1;',
      '3_c.up.sql': 'select 1;',
    });
    await app.up();
    app.write({ '2_b.up.sql': 'create table late (id int);' });
    expect(await pending(app)).toEqual(['2']);
    await app.up();
    expect(await tableExists(app.database, 'late')).toBe(true);
    expect(await rows(app, 'select version::text as row from schema_migrations')).toEqual(['3']);
    app.write({ '4_d.up.sql': 'select 1;', '5_e.up.sql': 'select 1;' });
    await app.database.query('update schema_migrations set version = 5');
    expect(await pending(app)).toEqual([]);
  });

  it('goose: the newest row of a version counts', async () => {
    const app = await open(latest, 'goose', examples[2]!.files);
    await app.up();
    await app.database.query('insert into goose_db_version (version_id, is_applied) values (2, false)');
    expect(await pending(app)).toEqual(['00002']);
  });

  it('dbmate: the program and we agree, whoever takes the next step', async () => {
    const app = await open(latest, 'dbmate', examples[0]!.files);
    const tool = (...args: readonly string[]) =>
      runTool(
        'dbmate',
        ['--no-dump-schema', '-d', 'migrations', '-u', `${app.database.url}?sslmode=disable`, ...args],
        {
          cwd: app.project.dir,
        },
      );
    await app.up();
    expect(tool('status', '--exit-code')).toMatchObject({ code: 0 });
    expect(tool('down')).toMatchObject({ code: 0 });
    expect(await pending(app)).toEqual(['20240102']);
    await app.up();
    await (await app.open()).down();
    expect(tool('up')).toMatchObject({ code: 0 });
    expect(await pending(app)).toEqual([]);
  });
});

/** Debian has the program; npm has none that is kept by its makers. */
const hasSqlMigrate = spawnSync('sql-migrate', ['--version']).error === undefined;

describe.skipIf(!hasSqlMigrate).each(dumpableServers)(
  'sql-migrate, the program, on PostgreSQL $major',
  (server) => {
    const { files } = examples[3]!;
    const tool = ({ project, database }: Workspace, ...args: readonly string[]) => {
      const { hostname, port, username } = new URL(database.url);
      const source = `dbname=${database.name} host=${hostname} port=${port} user=${username} sslmode=disable`;
      project.write(
        'dbconfig.yml',
        `development:\n  dialect: postgres\n  datasource: ${source}\n  dir: migrations\n`,
      );
      return spawnSync('sql-migrate', args, { cwd: project.dir, encoding: 'utf8' });
    };

    it('makes the same schema and the same rows, and agrees whoever takes the next step', async () => {
      const [theirs, ours] = [
        await open(server, 'sql-migrate', files),
        await open(server, 'sql-migrate', files),
      ];
      expect(tool(theirs, 'up')).toMatchObject({ status: 0 });
      await ours.up();
      expect(dumpSchema(ours.database.url)).toBe(dumpSchema(theirs.database.url));
      const history = 'select id as row from gorp_migrations order by applied_at';
      expect(await rows(ours, history)).toEqual(await rows(theirs, history));
      expect(tool(ours, 'up').stdout).toContain('Applied 0 migrations');
      expect(tool(ours, 'down')).toMatchObject({ status: 0 });
      expect(await pending(ours)).toEqual(['10-index']);
      await ours.up();
      await (await ours.open()).down();
      expect(tool(ours, 'up').stdout).toContain('Applied 1 migration');
      expect(await pending(ours)).toEqual([]);
    });
  },
);

describe('what is refused before anything runs', () => {
  it.each([
    ['goose', { '1_a.sql': '-- +goose Up\n-- +goose ENVSUB ON\nselect 1;' }, 'FOREIGN_STEP_REFUSED'],
    ['goose', { '1_a.go': 'package migrations' }, 'FOREIGN_STEP_REFUSED'],
    ['goose', { '1_a.sql': 'select 1;' }, 'MIGRATION_MARKERS_INVALID'],
    ['goose', { '1_a.sql': '-- +goose Up\n-- +goose Sideways\nselect 1;' }, 'MIGRATION_MARKERS_INVALID'],
    ['sql-migrate', { '1.sql': '-- +migrate Up\n-- +migrate StatementBegin\nselect 1;' }, 'MIGRATION_MARKERS_INVALID'],
    ['golang-migrate', { '1_a.up.sql': 'select 1;', '01_b.up.sql': 'select 1;' }, 'MIGRATION_DUPLICATE'],
    ['diesel', { '1_a/down.sql': 'select 1;' }, 'MIGRATION_NAME_INVALID'],
    ['graphile-migrate', { 'committed/000001.sql': '--! Previous: -\n--! Hash: sha1:00\n\nselect 1;' }, 'MIGRATION_CHAIN_BROKEN'],
    ['graphile-migrate', { 'committed/000001.sql': '--! Previous: sha1:aa\n--! Hash: sha1:00\n--! AllowInvalidHash\n\nselect 1;' }, 'MIGRATION_CHAIN_BROKEN'],
  ])('%s: %j', async (format, files, code) => {
    const app = await open(latest, format, files);
    expect(codesOf(await failure(app.up()))).toContain(code);
    expect(await app.applied()).toEqual([]);
  }); // prettier-ignore
});
