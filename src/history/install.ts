import { LockkeeperError, isLockkeeperError } from '../core/errors.js';
import { type Session, sqlstate } from '../pg/index.js';
import { quoteIdent, quoteLiteral } from '../sql/quote.js';
import { ddl0001 } from './ddl/0001.js';
import { ddl0002 } from './ddl/0002.js';
import { ddl0003 } from './ddl/0003.js';
import { installFailure } from './install-failure.js';
import { companions, type HistoryTables } from './tables.js';

interface OwnDdl {
  readonly sql: (tables: HistoryTables) => string;
  /** The tables that it creates. */
  readonly creates: (tables: HistoryTables) => readonly string[];
}

/** All DDL of ours in order; the schema version is the number of entries applied. */
const ddl: readonly OwnDdl[] = [
  { sql: ddl0001, creates: (tables) => [tables.migrations, tables.log, tables.info] },
  { sql: ddl0002, creates: (tables) => [tables.lease] },
  { sql: ddl0003, creates: (tables) => [tables.backfills, tables.errors] },
];
const versionOfLease = 2;
/** The tables of backfills exist from this schema version on. */
export const versionOfBackfills = 3;

/** What the catalog says about our tables, before any of them is read. */
export interface Installation {
  /** 0 = nothing there. */
  readonly schemaVersion: number;
  readonly schemaExists: boolean;
  /** Environment stamp: which environment this database says it is; null before the first run. */
  readonly environment: string | null;
  /** A run has the lease, or had it and died; only where it was asked for. */
  readonly leased: boolean;
}

export const notInstalled: Installation = {
  schemaVersion: 0,
  schemaExists: false,
  environment: null,
  leased: false,
};

interface CatalogRow {
  readonly schema_oid: string | null;
  readonly may_use: boolean | null;
  readonly table_oid: string | null;
  /** Row-level security applies to this role (manual, "System Information Functions", row_security_active). */
  readonly hides_rows: boolean | null;
  readonly may_select: boolean | null;
  readonly info_oid: string | null;
  readonly log_oid: string | null;
  readonly lease_oid: string | null;
}

/** Locks nothing but catalog rows (ACCESS SHARE). Tells "not there" from "not visible" (ENGINE E22). */
const catalogQuery = /* sql */ `
  select n.oid::text as schema_oid,
         has_schema_privilege(n.oid, 'usage') as may_use,
         t.oid::text as table_oid,
         row_security_active(t.oid) as hides_rows,
         has_table_privilege(t.oid, 'select') as may_select,
         i.oid::text as info_oid,
         l.oid::text as log_oid,
         s.oid::text as lease_oid
  from (values (1)) one
  left join pg_namespace n on n.nspname = $1
  left join pg_class t on t.relnamespace = n.oid and t.relname = $2
  left join pg_class i on i.relnamespace = n.oid and i.relname = $3
  left join pg_class l on l.relnamespace = n.oid and l.relname = $4
  left join pg_class s on s.relnamespace = n.oid and s.relname = $5
       and exists (select from pg_attribute a where a.attrelid = s.oid and a.attname = 'heartbeat_at')`;

/**
 * Looks for our tables; creates nothing. With `lease`, also says whether somebody has the lease.
 * @throws {HISTORY_UNREADABLE} they are there and this role cannot see all of them.
 * @throws {HISTORY_NEWER} a newer Lockkeeper made them.
 */
export async function readInstallation(
  session: Session,
  tables: HistoryTables,
  options: { readonly lease: boolean } = { lease: false },
): Promise<Installation> {
  const [row] = await session.query<CatalogRow>(catalogQuery, [
    tables.schema,
    tables.name,
    companions.info,
    companions.log,
    companions.lease,
  ]);
  if (row === undefined || row.schema_oid === null) return notInstalled;
  if (row.may_use !== true) throw unreadable(session, tables, `lacks USAGE on the schema "${tables.schema}"`);
  const parts = [
    [row.table_oid, tables.name],
    [row.info_oid, companions.info],
    [row.log_oid, companions.log],
  ] as const;
  const missing = parts.filter(([oid]) => oid === null).map(([, name]) => name);
  if (missing.length === parts.length) return { ...notInstalled, schemaExists: true };
  if (missing.length > 0) {
    const other = missing.includes(tables.name) ? await otherHistory(session, tables) : null;
    throw other === null ? incomplete(tables, missing) : secondHistory(tables, other);
  }
  if (row.may_select !== true) throw unreadable(session, tables, `lacks SELECT on ${tables.migrations}`);
  if (row.hides_rows === true) {
    throw unreadable(
      session,
      tables,
      `sees only some rows of ${tables.migrations}: row-level security is on`,
    );
  }
  const hasLease = row.lease_oid !== null;
  const installation = await readInfo(session, tables, hasLease && options.lease);
  if (!hasLease && installation.schemaVersion >= versionOfLease) throw incomplete(tables, [companions.lease]);
  return installation;
}

function incomplete(tables: HistoryTables, missing: readonly string[]): LockkeeperError {
  return new LockkeeperError('HISTORY_UNREADABLE', {
    message: `The schema "${tables.schema}" holds a part of Lockkeeper's tables, but not "${missing.join('" and "')}".`,
    hint: 'Restore the missing table from a backup, or check history.schema and history.table in the configuration.',
  });
}

/** One round trip. Only runs ask about the lease: who may just read the history need not have rights on it. */
async function readInfo(session: Session, tables: HistoryTables, withLease: boolean): Promise<Installation> {
  const leased = withLease
    ? `exists (select from ${tables.lease} where name = ${quoteLiteral(tables.name)} and run_id is not null)`
    : 'false';
  const rows = await guarded(session, tables, () =>
    session.query<{ schema_version: number; environment: string | null; leased: boolean }>(
      `select schema_version, environment, ${leased} as leased from ${tables.info}`,
    ),
  );
  const info = rows[0];
  if (info === undefined) {
    throw new LockkeeperError('HISTORY_UNREADABLE', {
      message: `The table ${tables.info} is empty, so the version of the history is not known.`,
      hint: 'Row-level security may hide its row; look at it as the owner of the table.',
    });
  }
  if (info.schema_version > ddl.length) {
    throw new LockkeeperError('HISTORY_NEWER', {
      message: `The history in "${tables.schema}" has schema version ${info.schema_version}; this Lockkeeper knows versions up to ${ddl.length}.`,
      hint: 'Run the Lockkeeper that prepared this database, or a newer one.',
    });
  }
  const { schema_version: schemaVersion, environment, leased: isLeased } = info;
  return { schemaVersion, schemaExists: true, environment, leased: isLeased };
}

/** A history of ours under another name in the same schema; its columns tell it from any other table. */
async function otherHistory(session: Session, tables: HistoryTables): Promise<string | null> {
  const rows = await session.query<{ name: string }>(
    /* sql */ `
    select c.relname as name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relkind in ('r', 'p')
      and (select count(*) from pg_attribute a
           where a.attrelid = c.oid and not a.attisdropped
             and a.attname in ('source', 'version', 'seq', 'checksum_tokens', 'rollback_available')) = 5
    order by 1
    limit 1`,
    [tables.schema],
  );
  return rows[0]?.name ?? null;
}

function secondHistory(tables: HistoryTables, other: string): LockkeeperError {
  return new LockkeeperError('HISTORY_UNREADABLE', {
    message: `The schema "${tables.schema}" keeps another history already, in the table "${other}"; history.table says "${tables.name}". One schema holds one history, because its journal and its version belong to one.`,
    hint: `Set history.table to "${other}" when that is the history of this project, or history.schema to a schema of its own for a second one.`,
    details: { schema: tables.schema, table: tables.name, other },
  });
}

function unreadable(session: Session, tables: HistoryTables, why: string): LockkeeperError {
  return new LockkeeperError('HISTORY_UNREADABLE', {
    message: `The history exists, but the role "${session.info.user}" ${why}.`,
    hint: `Run as the owner of schema "${tables.schema}" (set the environment's role), or grant that role what it lacks.`,
    details: { role: session.info.user, schema: tables.schema },
  });
}

/** Runs a query of ours on our tables; a refused right is never read as "nothing there". */
export async function guarded<Value>(
  session: Session,
  tables: HistoryTables,
  run: () => Promise<Value>,
): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    if ((error as { code?: string }).code !== sqlstate.insufficientPrivilege) throw error;
    throw unreadable(session, tables, `may not read it: ${(error as Error).message}`);
  }
}

/** Whether everything of ours is there and stamped. */
export function isInstalled({ schemaVersion, environment }: Installation): boolean {
  return schemaVersion === ddl.length && environment !== null;
}

/**
 * Makes what is missing, in one transaction, and stamps the environment. Only called while the lock is held, or with
 * what takes it for this transaction among the statements of `opening`.
 * @throws {HISTORY_INSTALL_FAILED} with the event triggers that stand in the way, where there are any.
 */
export async function ensureInstalled(
  session: Session,
  tables: HistoryTables,
  options: {
    readonly found: Installation;
    readonly environment: string;
    readonly opening?: readonly string[];
  },
): Promise<void> {
  const { found, environment, opening = ['begin'] } = options;
  if (isInstalled(found)) return;
  const due = ddl.slice(found.schemaVersion);
  const parts = [
    ...opening,
    found.schemaExists ? '' : `create schema if not exists ${quoteIdent(tables.schema)}`,
    ...due.map(({ sql }) => sql(tables)),
    due.length > 0 ? revokeForeignGrants(due.flatMap(({ creates }) => creates(tables))) : '',
    found.schemaVersion === 0
      ? `insert into ${tables.info} (schema_version, environment) values (${ddl.length}, ${quoteLiteral(environment)})`
      : `update ${tables.info} set schema_version = ${ddl.length}, environment = coalesce(environment, ${quoteLiteral(environment)})`,
    'commit',
  ];
  try {
    await session.send(parts.filter((part) => part !== '').join(';\n'));
  } catch (error) {
    if (isLockkeeperError(error) || session.lost !== null) throw error;
    await session.send('rollback');
    // Another run may have made them at the same moment: then their names are taken by our own.
    const now = await readInstallation(session, tables).catch(() => found);
    const wasMade = now.schemaVersion > found.schemaVersion;
    const names = (of: readonly OwnDdl[]): readonly string[] => of.flatMap(({ creates }) => creates(tables));
    const present = names(ddl.slice(0, found.schemaVersion));
    throw await installFailure(session, tables, { error, present, due: wasMade ? [] : names(due) });
  }
}

/**
 * Default privileges often give an application role rights on every new table. Whoever can write the history can
 * make the next `down` run SQL of theirs, so nobody but the owner keeps a right (ENGINE E22, E23).
 */
function revokeForeignGrants(created: readonly string[]): string {
  const names = created.map(quoteLiteral).join(', ');
  return /* sql */ `do $lockkeeper$
declare granted record;
begin
  for granted in
    select distinct c.oid::regclass as relation, a.grantee
    from unnest(array[${names}]::regclass[]) as names(relation)
    join pg_catalog.pg_class c on c.oid = names.relation
    cross join lateral pg_catalog.aclexplode(c.relacl) a
    where a.grantee <> c.relowner
  loop
    execute pg_catalog.format('revoke all on %s from %s', granted.relation,
      case when granted.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(granted.grantee)) end);
  end loop;
end
$lockkeeper$`;
}
