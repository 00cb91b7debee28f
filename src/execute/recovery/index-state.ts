import type { Session } from '../../pg/index.js';

/** One index of a table as the catalog has it. */
export interface IndexState {
  readonly oid: number;
  readonly name: string;
  readonly schema: string;
  readonly valid: boolean;
  readonly tableOid: number;
}

/** Resolves a relation name as written in the statement, in the session's search_path; null where it is not there. */
export async function relationOid(session: Session, name: string): Promise<number | null> {
  const rows = await session.query<{ oid: string | null }>('select to_regclass($1)::oid::text as oid', [
    name,
  ]);
  const oid = rows[0]?.oid ?? null;
  return oid === null ? null : Number(oid);
}

/** Every index of some tables; `tables` is SQL that gives their oids, with `$1` for `value`. */
export async function indexesWhere(
  session: Session,
  tables: string,
  value: string | null,
): Promise<readonly IndexState[]> {
  return await session.query<IndexState & Record<string, unknown>>(
    /* sql */ `
    select c.oid::int8::float8 as oid, c.relname as name, n.nspname as schema, i.indisvalid as valid,
           i.indrelid::int8::float8 as "tableOid"
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_namespace n on n.oid = c.relnamespace
    where i.indrelid in (${tables})
    order by c.oid`,
    value === null ? [] : [value],
  );
}

/** Every index of a table. */
export async function indexesOf(session: Session, tableOid: number): Promise<readonly IndexState[]> {
  return await indexesWhere(session, 'select $1::int8::oid', String(tableOid));
}

/**
 * The oid of that name (as a person would write it, without schema) in the schema of a table, which is where its indexes
 * are; null where it is not there.
 */
export async function oidBesideTable(
  session: Session,
  tableOid: number,
  name: string,
): Promise<number | null> {
  const rows = await session.query<{ oid: string | null }>(
    /* sql */ `
    select to_regclass(quote_ident(n.nspname) || '.' || $2)::oid::text as oid
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.oid = $1::int8::oid`,
    [String(tableOid), name],
  );
  const oid = rows[0]?.oid ?? null;
  return oid === null ? null : Number(oid);
}
