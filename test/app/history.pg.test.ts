import { describe, expect, it } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import type { Question } from '../../src/app/lockkeeper.js';
import { sha256 } from '../../src/core/hash.js';
import { servers, userTables, tableExists } from '../support/database.js';
import { createWorkspace, failure, record, type Workspace } from './workspace.js';

const table = (name: string): string =>
  `-- migrate:up\ncreate table ${name} (id int);\n-- migrate:down\ndrop table ${name};\n`;
const two = { '1_a.sql': table('a'), '2_b.sql': table('b') };

/** A role that may make schemas and tables, and with which the history is then read. */
async function ordinaryRole(app: Workspace): Promise<{ name: string; url: string }> {
  const role = await app.role();
  await app.database.query(
    `grant create on database ${app.database.name} to ${role.name}; grant all on schema public to ${role.name}`,
  );
  return role;
}

describe.each(servers)('a history that cannot be read on PostgreSQL $major', (server) => {
  it.each([
    [
      'row-level security on the history',
      'alter table lockkeeper.schema_migrations enable row level security; grant usage on schema lockkeeper to R; grant all on all tables in schema lockkeeper to R',
      /row-level security/,
    ],
    [
      'row-level security on the journal',
      'alter table lockkeeper.migration_execution_log enable row level security; grant usage on schema lockkeeper to R; grant all on all tables in schema lockkeeper to R',
      /row-level security/,
    ],
    [
      'row-level security on what this database is',
      'alter table lockkeeper.database_info enable row level security; grant usage on schema lockkeeper to R; grant all on all tables in schema lockkeeper to R',
      /Row-level security|row-level security/,
    ],
    [
      'no USAGE on the schema',
      'grant select on all tables in schema lockkeeper to R',
      /USAGE on the schema "lockkeeper"/,
    ],
    ['no SELECT on the history', 'grant usage on schema lockkeeper to R', /SELECT on/],
    [
      'no SELECT on the journal',
      'grant usage on schema lockkeeper to R; grant select on lockkeeper.schema_migrations, lockkeeper.database_info, lockkeeper.lease to R',
      /migration_execution_log/,
    ],
    [
      'no SELECT on what this database is',
      'grant usage on schema lockkeeper to R; grant select on lockkeeper.schema_migrations, lockkeeper.migration_execution_log to R',
      /database_info/,
    ],
  ])('never takes %s for "nothing applied"', async (_, sql, expected) => {
    const app = await createWorkspace(two, { server });
    await app.up();
    const role = await ordinaryRole(app);
    await app.database.query(sql.replaceAll(/\bR\b/g, role.name));
    const lockkeeper = await app.open({ url: role.url });
    for (const verb of [
      () => lockkeeper.up(),
      () => lockkeeper.status(),
      () => lockkeeper.down(),
      () => lockkeeper.verify(),
      () => lockkeeper.history(),
    ]) {
      const error = await failure(verb());
      expect(error).toMatchObject({ code: 'HISTORY_UNREADABLE', exit: 3 });
      expect(`${error.message} ${error.hint}`).toMatch(expected);
      expect(error.hint).toBeTruthy();
    }
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('is stopped by forced row-level security even as the owner, and not by plain one', async () => {
    const app = await createWorkspace(two, { server });
    const role = await ordinaryRole(app);
    const lockkeeper = await app.open({ url: role.url });
    await lockkeeper.up({ steps: 1 });
    await app.database.query('alter table lockkeeper.schema_migrations enable row level security');
    expect((await lockkeeper.status()).applied).toHaveLength(1);
    await lockkeeper.up();
    await app.database.query('alter table lockkeeper.schema_migrations force row level security');
    expect(await failure(lockkeeper.status())).toMatchObject({ code: 'HISTORY_UNREADABLE' });
    expect(await failure(lockkeeper.up())).toMatchObject({ code: 'HISTORY_UNREADABLE' });
  });

  it('says that a part of its tables is gone', async () => {
    const app = await createWorkspace(two, { server });
    await app.up();
    await app.database.query('alter table lockkeeper.schema_migrations rename to moved');
    expect(await failure(app.up())).toMatchObject({
      code: 'HISTORY_UNREADABLE',
      message: expect.stringContaining('"schema_migrations"'),
    });
    await app.database.query(
      'alter table lockkeeper.moved rename to schema_migrations; alter table lockkeeper.migration_execution_log rename to moved',
    );
    expect(await failure(app.up())).toMatchObject({
      code: 'HISTORY_UNREADABLE',
      message: expect.stringContaining('migration_execution_log'),
    });
    await app.database.query(
      'alter table lockkeeper.moved rename to migration_execution_log; delete from lockkeeper.database_info',
    );
    expect(await failure(app.up())).toMatchObject({ code: 'HISTORY_UNREADABLE' });
  });

  it('refuses a schema of a newer Lockkeeper', async () => {
    const app = await createWorkspace(two, { server });
    await app.up();
    await app.database.query('update lockkeeper.database_info set schema_version = 99');
    for (const verb of ['up', 'status', 'verify', 'down'] as const) {
      const error = await failure((await app.open())[verb]());
      expect(error).toMatchObject({ code: 'HISTORY_NEWER', exit: 3 });
      expect(error.message).toContain('99');
    }
  });

  it('names the event trigger that refuses its DDL', async () => {
    const app = await createWorkspace(two, { server });
    await app.database.query(`
      create function no_ddl() returns event_trigger language plpgsql as $$ begin raise exception 'no DDL here'; end $$;
      create event trigger "guard;--" on ddl_command_start execute function no_ddl()`);
    const error = await failure(app.up());
    expect(error).toMatchObject({
      code: 'HISTORY_INSTALL_FAILED',
      exit: 3,
      details: { eventTriggers: ['guard;--'] },
    });
    expect(error.message).toContain('no DDL here');
    expect(error.hint).toContain('"guard;--"');
    expect((await (await app.open()).status()).pending).toHaveLength(2);
    await app.database.query('alter event trigger "guard;--" disable');
    await app.up();
  });

  it('takes no table of another owner for its own, and says how to go on', async () => {
    const app = await createWorkspace(two, { server, config: { history: { schema: 'public' } } });
    const { database } = app;
    await database.query("create table lease (tenant text); insert into lease values ('mine')");
    const fresh = await failure(app.up());
    expect(fresh).toMatchObject({
      code: 'HISTORY_INSTALL_FAILED',
      exit: 3,
      details: { taken: ['"public"."lease"'] },
    });
    expect(fresh.message).toContain(
      '"public"."lease" is there already and not its own. Nothing was changed.',
    );
    expect(fresh.hint).toContain('Set history.schema to a schema of its own');
    expect(await tableExists(database, 'schema_migrations')).toBe(false);
    // The same when an older version has made the history, and a newer one needs more tables.
    await database.query('alter table lease rename to backfills');
    await database.query('create schema aside; alter table backfills set schema aside');
    await app.up();
    await database.query(`drop table lease, backfills, migration_errors; update database_info set schema_version = 1;
      alter table aside.backfills set schema public`);
    const later = await failure((await app.open()).up());
    expect(later).toMatchObject({
      code: 'HISTORY_INSTALL_FAILED',
      details: { taken: ['"public"."backfills"'] },
    });
    expect(await database.query('select tenant from backfills')).toEqual([{ tenant: 'mine' }]);
    const [, statements = ''] = /leave history\.schema out: (.*)$/.exec(later.hint ?? '') ?? [];
    await database.query(statements);
    app.project.write('lockkeeper.config.json', '{}');
    await app.up();
    expect(await app.applied()).toEqual(['1', '2']);
    expect(await database.query('select tenant from backfills')).toEqual([{ tenant: 'mine' }]);
  });

  it('passes an event trigger that switches row-level security on for every new table', async () => {
    const app = await createWorkspace(two, { server });
    const role = await ordinaryRole(app);
    await app.database.query(`
      create function secure() returns event_trigger language plpgsql as $$
      declare r record;
      begin
        for r in select * from pg_event_trigger_ddl_commands() where command_tag = 'CREATE TABLE' loop
          execute format('alter table %s enable row level security', r.object_identity);
        end loop;
      end $$;
      create event trigger secure on ddl_command_end execute function secure()`);
    const lockkeeper = await app.open({ url: role.url });
    await lockkeeper.up();
    expect((await lockkeeper.status()).applied).toHaveLength(2);
    const other = await ordinaryRole(app);
    expect(await failure((await app.open({ url: other.url })).up())).toMatchObject({
      code: 'HISTORY_UNREADABLE',
    });
  });

  it('leaves nobody but the owner a right on its tables, whatever the default privileges say', async () => {
    const app = await createWorkspace(two, { server });
    const role = await ordinaryRole(app);
    await app.database.query(
      `alter default privileges grant all on tables to ${role.name}, public; alter default privileges grant usage on schemas to ${role.name}`,
    );
    await app.up();
    expect(
      await app.database
        .query(`select c.relname, a.grantee from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) a
        where n.nspname = 'lockkeeper' and c.relkind = 'r' and a.grantee <> c.relowner`),
    ).toEqual([]);
    await app.database.query(
      `alter default privileges revoke all on tables from ${role.name}, public; alter default privileges revoke usage on schemas from ${role.name}`,
    );
  });

  it('uses a schema that an administrator made, without the right to create one', async () => {
    const app = await createWorkspace(two, { server });
    const role = await app.role();
    await app.database.query(
      `create schema lockkeeper authorization ${role.name}; grant all on schema public to ${role.name}`,
    );
    const lockkeeper = await app.open({ url: role.url });
    await lockkeeper.up();
    expect((await lockkeeper.status()).applied).toHaveLength(2);
  });

  it('writes who it was, and in which environment, at the first run', async () => {
    const app = await createWorkspace(two, { server });
    await (await app.open({ env: 'staging' })).up();
    expect(await app.database.query('select environment from lockkeeper.database_info')).toEqual([
      { environment: 'staging' },
    ]);
    const [row] = await app.database.query(
      'select source, version, seq, name, format, batch, applied_by, rollback_available, checksum_tokens from lockkeeper.schema_migrations',
    );
    expect(row).toMatchObject({
      source: 'migrations',
      version: '1',
      seq: '1',
      name: 'a',
      format: 'sql',
      batch: 1,
      applied_by: 'postgres',
      rollback_available: true,
      checksum_tokens: expect.stringMatching(/^v1:/),
    });
    const [entry] = await app.database.query(
      'select execution_context from lockkeeper.migration_execution_log',
    );
    expect(entry?.['execution_context']).toMatchObject({
      host: expect.any(String),
      pid: process.pid,
      lockkeeper: expect.any(String),
      server: expect.any(String),
    });
  });

  it('orders undo by application, also where the times are the same', async () => {
    const app = await createWorkspace({ '3_c.sql': table('c'), '5_e.sql': table('e') }, { server });
    await app.up();
    app.write({ '4_d.sql': table('d') });
    await app.up();
    await app.database.query("update lockkeeper.schema_migrations set applied_at = '2020-01-01'");
    await (await app.open()).down({ steps: 2 });
    expect(await app.applied()).toEqual(['3']);
  });
});

describe.each(servers)('two runs on PostgreSQL $major', (server) => {
  it('turns the second away with the first one named, or lets it wait', async () => {
    const app = await createWorkspace(
      { '1_slow.sql': 'select pg_sleep(2); create table slow (id int);' },
      { server },
    );
    const first = await app.open();
    const started = new Promise<void>((resolve) => void first.on('step:start', () => resolve()));
    const running = first.up();
    await started;
    const error = await failure((await app.open({ lockWait: 0 })).up());
    expect(error).toMatchObject({
      code: 'LOCK_HELD',
      exit: 4,
      details: { holder: { applicationName: expect.stringMatching(/lockkeeper/i) } },
    });
    expect((await (await app.open()).status()).pending).toHaveLength(1);
    const patient = await app.open({ lockWait: '20s' });
    const waits = record(patient, 'lock:wait');
    expect(await patient.up()).toMatchObject({ applied: [] });
    expect(waits.length).toBeGreaterThan(0);
    expect(await running).toMatchObject({ applied: [{ version: '1' }] });
  });

  it('takes its lock in a form that no application can meet, and another one for another history', async () => {
    const app = await createWorkspace(
      {
        '1_slow.sql':
          "create table seen as select classid::int, objsubid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid();",
      },
      { server },
    );
    await app.database.query('select pg_advisory_lock(1), pg_advisory_lock(19531)');
    await app.up();
    expect(await app.database.query('select * from seen')).toEqual([{ classid: 19531, objsubid: 2 }]);
    const other = await createLockkeeper({ cwd: app.project.dir, url: app.database.url, variables: {} });
    await app.database.query('select pg_advisory_unlock_all()');
    await other.close();
  });

  it('meets the primary key, and nothing of the migration, where another run was faster without a lock', async () => {
    const app = await createWorkspace(two, { server });
    const lockkeeper = await app.open();
    // Stands for a run under another lock: it claims the second migration while the first is under way.
    const claimed: Promise<unknown>[] = [];
    lockkeeper.on('migration:apply:start', ({ version }) => {
      if (version !== '1') return;
      claimed.push(
        app.database
          .query(`insert into lockkeeper.schema_migrations (source, version, name, format, batch, run_id, checksum, checksum_tokens, rollback_available)
          values ('migrations', '2', 'b', 'sql', 1, gen_random_uuid(), 'x', 'x', false)`),
      );
    });
    app.write({
      '1_a.sql': table('a').replace('-- migrate:down', 'select pg_sleep(0.3);\n-- migrate:down'),
    });
    const error = await failure(lockkeeper.up());
    await Promise.all(claimed);
    expect(error).toMatchObject({ code: 'LOCK_LOST', exit: 3, details: { version: '2' } });
    expect(await userTables(app.database)).toEqual(['public.a']);
  });
});

describe('a way back that is stored in the database', () => {
  const gone = async (): Promise<Workspace> => {
    const app = await createWorkspace(two);
    await app.up();
    app.project.delete('migrations/2_b.sql');
    return app;
  };

  it('is run only after it was shown and confirmed', async () => {
    const app = await gone();
    expect(await failure((await app.open()).down())).toMatchObject({ code: 'CONFIRMATION_MISSING', exit: 5 });
    const asked: Question[] = [];
    const lockkeeper = await app.open({ ask: (question) => Promise.resolve(asked.push(question) > 0) });
    await lockkeeper.down();
    expect(asked[0]?.plan.join('\n')).toContain('drop table b;');
    expect(await app.applied()).toEqual(['1']);
    expect(await userTables(app.database)).toEqual(['public.a']);
  });

  it('is confirmed by yes, but in a protected environment only by its name', async () => {
    const app = await createWorkspace(two);
    const lockkeeper = await app.open({ env: 'production' });
    await lockkeeper.up();
    app.project.delete('migrations/2_b.sql');
    expect(await failure(lockkeeper.down({ yes: true }))).toMatchObject({ code: 'CONFIRMATION_MISSING' });
    await lockkeeper.down({ confirm: 'production' });
    const other = await gone();
    await (await other.open()).down({ yes: true });
    expect(await other.applied()).toEqual(['1']);
  });

  it('is not run when it was changed after it was stored', async () => {
    const app = await gone();
    await app.database.query(
      "update lockkeeper.schema_migrations set down_script = 'drop table a' where version = '2'",
    );
    const error = await failure((await app.open()).down({ yes: true }));
    expect(error).toMatchObject({ code: 'MIGRATION_IRREVERSIBLE', exit: 2 });
    expect(error.message).toContain('changed after it was stored');
    expect(await userTables(app.database)).toEqual(['public.a', 'public.b']);
  });

  it.each([
    ['a table right', 'grant update on lockkeeper.schema_migrations to R'],
    ['a right for everybody', 'grant insert on lockkeeper.schema_migrations to public'],
    ['a column right', 'grant update (down_script, down_script_hash) on lockkeeper.schema_migrations to R'],
    ['a trigger right', 'grant trigger on lockkeeper.schema_migrations to R'],
  ])('is not run where others may write it by %s', async (_, sql) => {
    const app = await gone();
    const role = await app.role();
    await app.database.query(sql.replaceAll(/\bR\b/g, role.name));
    // Whoever may write the text may write its hash as well.
    await app.database.query(
      "update lockkeeper.schema_migrations set down_script = 'drop table a', down_script_hash = $1 where version = '2'",
      [sha256('drop table a')],
    );
    const error = await failure((await app.open()).down({ yes: true }));
    expect(error).toMatchObject({ code: 'MIGRATION_IRREVERSIBLE', exit: 2 });
    expect(error.hint).toContain('revoke');
    expect(await userTables(app.database)).toEqual(['public.a', 'public.b']);
  });

  it('is not run as anybody but the owner of the table', async () => {
    const app = await createWorkspace(two);
    const role = await ordinaryRole(app);
    await (await app.open({ url: role.url })).up();
    app.project.delete('migrations/2_b.sql');
    const error = await failure((await app.open()).down({ yes: true }));
    expect(error).toMatchObject({ code: 'MIGRATION_IRREVERSIBLE', details: { writers: [role.name] } });
    await (await app.open({ url: role.url })).down({ yes: true });
    expect(await app.applied()).toEqual(['1']);
  });

  it('gives way to the file', async () => {
    const app = await createWorkspace(two);
    await app.up();
    await app.database.query(
      "update lockkeeper.schema_migrations set down_script = 'drop table a', down_script_hash = $1",
      [sha256('drop table a')],
    );
    await (await app.open()).down();
    expect(await userTables(app.database)).toEqual(['public.a']);
  });

  it('does not exist for code', async () => {
    const app = await createWorkspace({
      '1_a.ts':
        "export const up = 'create table a ()';\nexport const down = async (db: any) => { await db.exec('drop table a'); };",
    });
    await app.up();
    app.project.delete('migrations/1_a.ts');
    expect(await failure((await app.open()).down({ yes: true }))).toMatchObject({
      code: 'MIGRATION_IRREVERSIBLE',
    });
    expect(await app.applied()).toEqual(['1']);
  });

  it('is refused like a file where it holds what no run may start with', async () => {
    const app = await createWorkspace({ '1_a.sql': table('a') });
    await app.up();
    app.project.delete('migrations/1_a.sql');
    const nasty = 'drop table a;\ncommit;\n\\! rm -rf x';
    await app.database.query(
      'update lockkeeper.schema_migrations set down_script = $1, down_script_hash = $2',
      [nasty, sha256(nasty)],
    );
    expect((await failure((await app.open()).down({ yes: true }))).exit).toBe(2);
    expect(await userTables(app.database)).toEqual(['public.a']);
  });
});
