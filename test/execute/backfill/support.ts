import type { TestDatabase } from '../../support/database.js';

/** A table of people, with an id of some type; `id` is SQL over the running number `i`. */
export async function people(
  database: TestDatabase,
  rows: number,
  options: { readonly columns?: string; readonly id?: string; readonly extra?: string } = {},
): Promise<void> {
  const { columns = 'id bigint primary key', id = 'i', extra = '' } = options;
  await database.query(
    `create table people (${columns}, name text not null, done int not null default 0)${extra}`,
  );
  await database.query(
    `insert into people select ${id}, 'Person ' || i, 0 from generate_series(1, ${rows}) i`,
  );
  await database.query('analyze people');
}

/** How often the rows were changed: `{ '1': 500 }` where each of 500 rows was changed once. */
export async function timesDone(database: TestDatabase): Promise<Readonly<Record<string, number>>> {
  const rows = await database.query<{ done: number; n: number }>(
    'select done, count(*)::int as n from people group by done order by done',
  );
  return Object.fromEntries(rows.map(({ done, n }) => [String(done), n]));
}

/** The record of the only backfill. */
export async function recordOf(database: TestDatabase): Promise<Readonly<Record<string, unknown>>> {
  const rows = await database.query('select * from lockkeeper.backfills');
  return rows[0] ?? {};
}

/** A trigger that fails for some rows, like a constraint that old data break. */
export async function refuseRows(database: TestDatabase, condition: string): Promise<void> {
  await database.query(`create function refuse() returns trigger language plpgsql as $$
    begin if ${condition} then raise exception 'no to %', new.name; end if; return new; end $$;
    create trigger refuse before update on people for each row execute function refuse()`);
}

/** Rows that the only backfill has passed; 0 before it has begun. */
export async function doneSoFar(database: TestDatabase): Promise<number> {
  const rows = await database
    .query<{ done: string }>('select done from lockkeeper.backfills')
    .catch(() => []);
  return Number(rows[0]?.done ?? 0);
}
