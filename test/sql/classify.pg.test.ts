import type { Client, Connection } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRelations } from '../../src/sql/relations.js';
import { lexScript } from '../../src/sql/script.js';
import type { StatementTraits } from '../../src/sql/statement.js';
import { createDatabase, servers, type TestDatabase } from '../support/database.js';
import { claims, fixture, type Claim } from './classification.js';

function traitsOf(sql: string): StatementTraits {
  const { statements } = lexScript(sql);
  expect(statements).toHaveLength(1);
  return statements[0]!.traits;
}

/** Runs a statement inside BEGIN and gives `ok` or its SQLSTATE; the transaction is rolled back. */
async function answerInTransaction(client: Client, { before, sql }: Claim): Promise<string> {
  await client.query('begin');
  try {
    if (before !== undefined) await client.query(before);
    await client.query(sql);
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query('rollback');
  }
}

/** Sends a Parse message alone, which runs nothing, and gives `ok` or the SQLSTATE. */
function answerToParse(client: Client, text: string): Promise<string> {
  return new Promise((resolve) => {
    const parse = {
      submit: (connection: Connection) => {
        connection.parse({ name: '', text, types: [] }, true);
        connection.sync();
      },
      handleReadyForQuery: () => resolve('ok'),
      // After an error pg forgets the query, and waits for the server on its own.
      handleError: (error: { code: string }, connection: Connection) => {
        connection.once('readyForQuery', () => resolve(error.code));
      },
    };
    client.query(parse as never);
  });
}

describe.each(servers.map((server) => ({ server, major: server.major })))(
  'on PostgreSQL $major',
  ({ server, major }) => {
    let database: TestDatabase;
    let client: Client;

    beforeAll(async () => {
      database = await createDatabase(server);
      client = await database.connect();
      client.on('notice', () => undefined);
      await client.query(fixture);
      const connection = `'host=127.0.0.1 port=1 dbname=x'`;
      await client.query(
        `create subscription with_slot connection ${connection} publication p with (connect = false)`,
      );
      await client.query('alter subscription with_slot enable');
      await client.query(
        `create subscription without_slot connection ${connection} publication p with (connect = false, slot_name = none)`,
      );
    });

    afterAll(async () => {
      await client.query(
        'alter subscription with_slot disable; alter subscription with_slot set (slot_name = none)',
      );
      await client.query('drop subscription with_slot');
      await client.query('drop subscription without_slot');
      await database.drop();
    });

    it.each(claims.filter(({ since = 14 }) => since <= major))(
      '$sql is told as $inTransaction',
      async (claim) => {
        expect(traitsOf(claim.sql).inTransaction).toBe(claim.inTransaction);
        const answer = await answerInTransaction(client, claim);
        const claimed = claim.inTransaction === 'no' && claim.cautious !== true ? '25001' : 'ok';
        expect(answer).toBe(claim.failsWith ?? claim.answer ?? claimed);
      },
    );

    it.each([
      ['select * from nowhere', true],
      ['insert into nowhere values (1)', true],
      ['with x as (select 1) delete from nowhere', true],
      ['(select * from nowhere)', true],
      ['table nowhere', true],
      ['merge into nowhere using (select 1) s on true when matched then delete', true],
      ['explain select * from nowhere', true],
      ['declare c cursor for select * from nowhere', true],
      ['create table t as select * from nowhere', true],
      ['create materialized view m as select * from nowhere', true],
      ['select * into t from nowhere', true],
      ['call nowhere()', true],
      ['copy (select * from nowhere) to stdout', false],
      ['copy nowhere to stdout', false],
      ['prepare p as select * from nowhere', false],
      ['execute nowhere', false],
      ['create view v2 as select * from nowhere', false],
      ['create table t (like nowhere)', false],
      ['create function f() returns int begin atomic select * from nowhere; end', false],
      ['create rule r as on insert to nowhere do also select * from nowhere', false],
      ['alter table nowhere add column a int', false],
      ['create index on nowhere (a)', false],
      ['drop table nowhere', false],
      ['comment on table nowhere is null', false],
      ['refresh materialized view nowhere', false],
      ['truncate nowhere', false],
      ['lock table nowhere', false],
      ["do 'x'", false],
    ])('Parse looks up what %j names: %j', async (sql, optimizable) => {
      expect(traitsOf(sql).optimizable).toBe(optimizable);
      expect((await answerToParse(client, sql)) === 'ok').toBe(!optimizable);
    });

    it.each([
      ['create table t (a int, b timestamptz, c uuid, d boolean)'],
      ['create table t (a int, b text)'],
      ['create table t (a int[])'],
      ['create table t (a varchar(100), b numeric(10, 2))'],
      ['create table t (a varchar(1000), b char(5))'],
      ['create table t (a character varying)'],
      ['create table t (a double precision, b timestamp with time zone, c interval)'],
      [
        'create table t (a int primary key, b text unique, c int, unique (c, a), exclude using hash (c with =))',
      ],
      [
        'create table t (a serial, b bigserial, c int generated always as identity (start with 5) primary key)',
      ],
      ['create table t (a int, check (a > 0), constraint u unique (a))'],
      ['create table t (a int, exclude boolean)'],
      ['create table t (a jsonb, primary key (a)) partition by list (a)'],
      ['create table t ()'],
      ["create table t as select 1 as a, 'x'::text as b"],
      ["select 1 as a, 'x'::text as b into t"],
      ["create materialized view m as select 'x'::text as b"],
      ['create view v2 as select 1 as a'],
      ['create sequence s2'],
      ['create index i on plain (b)'],
      [
        'create schema s2 create table t (a int, b text) create view v as select 1 as a create index on t (a)',
      ],
      ['alter table plain add constraint u unique (b)'],
      ['alter table plain add column c int unique, add column d date'],
    ])('as many relations are locked as are counted for %s', async (sql) => {
      await client.query('begin');
      try {
        await client.query(sql);
        const { rows } = await client.query<{ count: number }>(
          `select count(distinct l.relation)::int
           from pg_locks l join pg_class c on c.oid = l.relation
          where l.pid = pg_backend_pid() and c.xmin = pg_current_xact_id()::xid and c.oid >= 16384
            and c.relname not in ('plain')`,
        );
        expect(countRelations(sql, lexScript(sql).statements[0]!)).toBe(rows[0]?.count);
      } finally {
        await client.query('rollback');
      }
    });

    it('a string goes on behind a comment, whatever that holds', async () => {
      const sql = "select 'a' -- it's; \n 'b' as plain, E'x' -- $$\n '\\'y' as escaped";
      expect(lexScript(sql).statements).toHaveLength(1);
      expect(await database.query(sql)).toEqual([{ plain: 'ab', escaped: "x'y" }]);
    });

    it('several values may be added to an enum in one transaction', async () => {
      await database.query(
        "begin; alter type mood add value 'x'; alter type mood add value 'y' after 'x'; commit",
      );
      expect(await database.query('select enum_range(null::mood)::text as range')).toEqual([
        { range: '{sad,x,y}' },
      ]);
    });

    it('a value of a type made in the same transaction may be used from 17 on', async () => {
      const used = database.query(
        "begin; create type fresh as enum (); alter type fresh add value 'x'; select 'x'::fresh; rollback",
      );
      if (major >= 17) await used;
      else await expect(used).rejects.toMatchObject({ code: '55P04' });
      await database.query('rollback');
    });
  },
);
