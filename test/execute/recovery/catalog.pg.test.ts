import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { servers, startServer, type TestDatabase, type TestServer } from '../../support/database.js';
import { createWorkspace, failure, type Workspace } from '../../app/workspace.js';
import { begun, breakWhen, holding, resume, waiting, withData } from './support.js';

/** Cluster-wide objects are dropped by name after the test that made them. */
const clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const drop of clean.splice(0)) await drop();
});

function freshName(): string {
  return `recovery_${randomBytes(5).toString('hex')}`;
}

/** A migration of this one statement, begun by a run that is gone, with what that run had found. */
async function interrupted(
  server: TestServer,
  sql: string,
  preState: Readonly<Record<string, unknown>>,
): Promise<Workspace> {
  const workspace = await createWorkspace({ '0_first.sql': 'select 1', '1_x.sql': sql }, { server });
  await begun(workspace, '1', preState);
  return workspace;
}

async function databaseOid(database: TestDatabase, name: string): Promise<number | null> {
  const rows = await database.query<{ oid: number }>(
    'select oid::int8::float8 as oid from pg_database where datname = $1',
    [name],
  );
  return rows[0]?.oid ?? null;
}

describe.each(servers)('an interrupted CREATE or DROP DATABASE on PostgreSQL $major', (server) => {
  it('is done when there is one, and there was none', async () => {
    const name = freshName();
    const workspace = await interrupted(server, `create database "${name}"`, {
      kind: 'create-row',
      oid: null,
    });
    clean.push(() => onServer(server, `drop database if exists ${name}`));
    await workspace.database.query(`create database ${name}`);
    const oid = await databaseOid(workspace.database, name);
    expect((await resume(workspace)).decisions).toEqual(['done']);
    expect(await databaseOid(workspace.database, name)).toBe(oid);
  });

  it('runs again when there is none', async () => {
    const name = freshName();
    const workspace = await interrupted(server, `create database ${name}`, { kind: 'create-row', oid: null });
    clean.push(() => onServer(server, `drop database if exists ${name}`));
    expect((await resume(workspace)).decisions).toEqual(['again']);
    expect(await databaseOid(workspace.database, name)).not.toBeNull();
  });

  it('says what the server says when there was one before', async () => {
    const workspace = await createWorkspace({ '0_first.sql': 'select 1' }, { server });
    const { name } = workspace.database;
    workspace.write({ '1_x.sql': `create database ${name}` });
    await begun(workspace, '1', { kind: 'create-row', oid: await databaseOid(workspace.database, name) });
    expect(await failure(workspace.up())).toMatchObject({ details: { sqlstate: '42P04' } });
  });

  it('finishes a database that is half dropped', async () => {
    const name = freshName();
    const workspace = await createWorkspace({ '0_first.sql': 'select 1' }, { server });
    const { database } = workspace;
    await database.query(`create database ${name}`);
    workspace.write({ '1_x.sql': `drop database ${name}` });
    await begun(workspace, '1', { kind: 'drop-row', oid: await databaseOid(database, name) });
    await database.query('update pg_database set datconnlimit = -2 where datname = $1', [name]);
    expect((await resume(workspace)).decisions).toEqual(['again']);
    expect(await databaseOid(database, name)).toBeNull();
  });

  it('is done when it is gone, also when another one took its name', async () => {
    const name = freshName();
    for (const present of [false, true]) {
      const workspace = await interrupted(server, `drop database ${name}`, {
        kind: 'drop-row',
        oid: 4_000_000_000,
      });
      clean.push(() => onServer(server, `drop database if exists ${name}`));
      if (present) await workspace.database.query(`create database ${name}`);
      expect((await resume(workspace)).decisions).toEqual(['done']);
      expect((await databaseOid(workspace.database, name)) !== null).toBe(present);
    }
  });
});

describe.each(servers)('an interrupted CREATE or DROP TABLESPACE on PostgreSQL $major', (server) => {
  it('is decided by its row', async () => {
    const name = freshName();
    const create = `set allow_in_place_tablespaces = on; create tablespace ${name} location '';`;
    const count = async (database: TestDatabase): Promise<number> =>
      (await database.query('select 1 from pg_tablespace where spcname = $1', [name])).length;
    const sql = `create tablespace ${name} location ''`;
    const first = await interrupted(server, sql, { kind: 'create-row', oid: null });
    clean.push(() => onServer(server, `drop tablespace if exists ${name}`));
    await first.database.query('set allow_in_place_tablespaces = on');
    await first.database.query(sql);
    expect((await resume(first)).decisions).toEqual(['done']);
    const rows = await first.database.query<{ oid: number }>(
      'select oid::int8::float8 as oid from pg_tablespace where spcname = $1',
      [name],
    );
    const second = await interrupted(server, `drop tablespace ${name}`, {
      kind: 'drop-row',
      oid: rows[0]?.oid,
    });
    expect((await resume(second)).decisions).toEqual(['again']);
    expect(await count(second.database)).toBe(0);
    const third = await interrupted(server, `drop tablespace ${name}`, {
      kind: 'drop-row',
      oid: rows[0]?.oid,
    });
    expect((await resume(third)).decisions).toEqual(['done']);
    const fourth = await createWorkspace({ '1_x.sql': create }, { server });
    await fourth.up();
    expect(await count(fourth.database)).toBe(1);
  });
});

describe.each(servers)('an interrupted CREATE or DROP SUBSCRIPTION on PostgreSQL $major', (server) => {
  /** A publisher on a server of its own: one server cannot subscribe to itself while it makes a slot. */
  async function publisher(): Promise<Client> {
    const running = await startServer(server.major);
    const client = new Client(running.url);
    client.on('error', () => undefined);
    await client.connect();
    await client.query('create table t (id int primary key); create publication p for table t');
    clean.push(async () => {
      await client.end();
      await running.remove();
    });
    return client;
  }

  const subscribe = (to: Client, name: string): string =>
    `create subscription ${name} connection 'host=127.0.0.1 port=${to.port} user=postgres dbname=postgres' publication p`;

  async function subscriptions(database: TestDatabase): Promise<readonly string[]> {
    const rows = await database.query<{ name: string }>(
      `select subname as name from pg_subscription
       where subdbid = (select oid from pg_database where datname = current_database())`,
    );
    return rows.map((row) => row.name);
  }

  it('runs again when there is none, is done when there is one, and is dropped when it is still there', async () => {
    const to = await publisher();
    const name = freshName();
    const workspace = await withData(server, 'create table t (id int primary key)', {
      '1_s.sql': subscribe(to, name),
    });
    const { database } = workspace;
    // A slot waits for the transactions that are open on the publisher.
    const writer = new Client({ host: '127.0.0.1', port: to.port, user: 'postgres', database: 'postgres' });
    await writer.connect();
    await writer.query('begin; insert into t values (1)');
    await breakWhen(workspace, {
      at: 'create subscription',
      when: `select 1 from pg_stat_activity where datname = current_database() and query ilike 'create subscription%' and wait_event ilike 'LibPQWalReceiver%'`,
    });
    await writer.query('rollback');
    await writer.end();
    expect(await subscriptions(database)).toEqual([]);
    expect((await resume(workspace)).decisions).toEqual(['again']);
    expect(await subscriptions(database)).toEqual([name]);
    await database.query(
      `update lockkeeper.migration_execution_log set status = 'started', open = true
       where pre_state is not null and status = 'completed';
       delete from lockkeeper.schema_migrations`,
    );
    expect((await resume(workspace)).decisions).toEqual(['done']);
    const [row] = await database.query<{ oid: number }>(
      'select oid::int8::float8 as oid from pg_subscription where subname = $1',
      [name],
    );
    workspace.write({ '2_d.sql': `drop subscription ${name}` });
    await begun(workspace, '2', { kind: 'drop-row', oid: row?.oid });
    expect((await resume(workspace)).decisions).toEqual(['again']);
    expect(await subscriptions(database)).toEqual([]);
    expect((await to.query('select 1 from pg_replication_slots')).rowCount).toBe(0);
  });

  it('stops at a slot that was left on the publisher, and does not drop it', async () => {
    const to = await publisher();
    const name = freshName();
    const workspace = await interrupted(server, subscribe(to, name), { kind: 'create-row', oid: null });
    await workspace.database.query('create table t (id int primary key)');
    await to.query('select pg_create_logical_replication_slot($1, $2)', [name, 'pgoutput']);
    const error = await failure(workspace.up());
    expect(error.message).toMatch(/replication slot .* already exists/);
    expect(error.hint).toContain('pg_drop_replication_slot');
    expect((await to.query('select 1 from pg_replication_slots')).rowCount).toBe(1);
    expect(await subscriptions(workspace.database)).toEqual([]);
  });
});

describe.each(servers)('what may run twice, on PostgreSQL $major', (server) => {
  it.each([
    'vacuum t',
    'vacuum (full) t',
    // Before 15 no partitioned table can be clustered, and any other in a transaction.
    ...(server.major < 15 ? [] : ['cluster t using t_id']),
    'alter system set bgwriter_delay = 210',
    'reindex schema public',
  ])('runs again: %s', async (sql) => {
    const workspace = await interrupted(server, sql, { kind: 'repeatable' });
    await workspace.database.query('create table t (id int); create index t_id on t (id)');
    // A crash may have come before the statement, in it, or behind it: all three look the same.
    if (sql.startsWith('cluster')) {
      await workspace.database.query('drop table t');
      await workspace.database.query(
        'create table t (id int) partition by range (id); create index t_id on t (id)',
      );
    }
    if (sql.startsWith('alter system'))
      clean.push(() => onServer(server, 'alter system reset bgwriter_delay'));
    expect((await resume(workspace)).decisions).toEqual(['again']);
  });

  it('runs again after a real crash: VACUUM', async () => {
    const workspace = await withData(server, 'create table t (id int)', { '1_v.sql': 'vacuum t' });
    const release = await holding(workspace.database, 'lock table t in share update exclusive mode');
    await breakWhen(workspace, { at: 'vacuum', when: waiting() });
    await release();
    expect((await resume(workspace)).decisions).toEqual(['again']);
  });
});

async function onServer(server: TestServer, sql: string): Promise<void> {
  const client = new Client(server.url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
