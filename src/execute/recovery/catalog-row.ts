import type { Session } from '../../pg/index.js';
import type { LoneStatement, Remedy, Settlement } from './remedy.js';

interface RowBefore {
  /** Oid of the object; null where there was none of that name. */
  readonly oid: number | null;
}

interface CatalogRow {
  readonly oid: number;
  /** DROP DATABASE marks the row before it removes the files (datconnlimit -2); nobody can connect from then on. */
  readonly half: boolean;
}

/** CREATE and DROP of what is one row of a catalog: databases, tablespaces, subscriptions. The row decides. */
function catalogRow(kind: string, decide: Decide): Remedy<RowBefore> {
  return {
    kind,
    leavesRemains: false,
    capture: async (session, lone) => ({ oid: (await readRow(session, lone))?.oid ?? null }),
    settle: async ({ session }, question) => decide(question.before.oid, await readRow(session, question)),
  };
}

type Decide = (before: number | null, now: CatalogRow | null) => Settlement;

/**
 * A row that was not there before is ours, since its transaction was committed. One that was there makes the
 * statement fail as it would have before. What a CREATE SUBSCRIPTION may have left on the publisher, a slot, is never
 * dropped from here: CREATE SUBSCRIPTION finds it and says so.
 */
export const createRow = catalogRow('create-row', (before, now) =>
  before === null && now !== null && !now.half ? 'done' : 'again',
);

/**
 * The same one is there, whole or half: the DROP has to run again. Gone, or another one by now: done. Where there was
 * nothing before and nothing is now, running it again says what it said then.
 */
export const dropRow = catalogRow('drop-row', (before, now) =>
  (now?.oid ?? null) === before ? 'again' : 'done',
);

const catalogs: Readonly<Record<string, string>> = {
  database: /* sql */ `
    select oid::int8::float8 as oid, datconnlimit = -2 as half from pg_database where datname = (parse_ident($1))[1]::name`,
  tablespace: /* sql */ `
    select oid::int8::float8 as oid, false as half from pg_tablespace where spcname = (parse_ident($1))[1]::name`,
  subscription: /* sql */ `
    select oid::int8::float8 as oid, false as half from pg_subscription
    where subname = (parse_ident($1))[1]::name and subdbid = (select oid from pg_database where datname = current_database())`,
};

async function readRow(session: Session, { statement }: LoneStatement): Promise<CatalogRow | null> {
  const { creates, drops } = statement.traits;
  const [, kind = '', name = ''] = /^(\w+) ([^]+)$/.exec(creates ?? drops ?? '') ?? [];
  const sql = catalogs[kind];
  if (sql === undefined) return null;
  const rows = await session.query<CatalogRow & Record<string, unknown>>(sql, [name]);
  return rows[0] ?? null;
}
