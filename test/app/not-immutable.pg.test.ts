import { expect, it } from 'vitest';
import { servers, userTables } from '../support/database.js';
import { codesOf, createWorkspace, failure } from './workspace.js';

// An index on the time of day is refused by PostgreSQL whenever it runs; so it is named before anything does.

it.each(servers)(
  'an index on the time of day is named by line before anything runs on PostgreSQL $major',
  async (server) => {
    const app = await createWorkspace(
      {
        '1_a.sql': 'create table a (id int, seen timestamptz);',
        '2_index.sql': 'select 1;\ncreate index recent on a (id)\n  where seen > CURRENT_TIMESTAMP;',
      },
      { server },
    );
    const error = await failure((await app.open()).up());
    expect(codesOf(error)).toEqual(['SQL_REFUSED']);
    expect(error.location).toMatchObject({ file: 'migrations/2_index.sql', line: 2 });
    expect(await userTables(app.database)).toEqual([]);
    // The server says the same, or the rule would be wrong.
    await app.database.query('create table a (id int, seen timestamptz)');
    await expect(
      app.database.query('create index recent on a (id) where seen > CURRENT_TIMESTAMP'),
    ).rejects.toMatchObject({ code: '42P17' });
  },
);

it.each(servers)(
  'a function that wants one is stopped before it is sent on PostgreSQL $major',
  async (server) => {
    const app = await createWorkspace(
      {
        '1_a.ts': `export const up = async (db) => {
  await db.exec('create table a (id int, seen timestamptz)');
  await db.exec('create index concurrently recent on a (id) where seen > now()');
};`,
      },
      { server },
    );
    const error = await failure((await app.open()).up());
    expect(error).toMatchObject({ code: 'SQL_REFUSED', exit: 2 });
    expect(error.location).toMatchObject({ file: 'migrations/1_a.ts', line: 3 });
    expect(await userTables(app.database)).toEqual([]);
  },
);
