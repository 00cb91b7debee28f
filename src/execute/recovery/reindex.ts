import type { Session } from '../../pg/index.js';
import { readReindexTarget, type ReindexTarget } from '../../sql/target.js';
import { quoteQualified } from '../../sql/quote.js';
import { indexesWhere, type IndexState, relationOid } from './index-state.js';
import { removeLeftover } from './leftover.js';
import { isLeftoverName } from './leftover-name.js';
import type { LoneStatement, Remedy } from './remedy.js';

/** Every index that the statement may touch, as they stood before. */
interface IndexesBefore {
  readonly indexes: readonly IndexState[];
  /** Oids of those that it is to replace; REINDEX of more than one index passes over invalid ones. */
  readonly wanted: readonly number[];
}

/**
 * REINDEX … CONCURRENTLY. It builds `<name>_ccnew` beside each index, swaps the two, and drops what is `<name>_ccold`
 * from then on (ReindexRelationConcurrently in indexcmds.c). So an invalid `_ccnew` that was not there before is an
 * unfinished copy, and an index that was there before and is an invalid `_ccold` now has been replaced. Both go; any
 * other invalid index stays.
 */
export const reindex: Remedy<IndexesBefore> = {
  kind: 'reindex',
  leavesRemains: true,
  capture: readBefore,
  settle: async (run, { before, lockTimeoutMs }) => {
    const now = await readNow(run.session, before);
    for (const index of now.filter((each) => !each.valid)) {
      if (await isLeftover(run.session, index, { before: before.indexes, now }))
        await removeLeftover(run, index, lockTimeoutMs);
    }
    const replaced = before.wanted.every((oid) => isReplaced(oid, before.indexes, now));
    return replaced && before.wanted.length > 0 ? 'done' : 'again';
  },
  check: async (run, { before, text, statement }) => {
    const invalid = new Set(before.indexes.filter((index) => !index.valid).map(({ oid }) => oid));
    if (invalid.size === 0 || readReindexTarget(text)?.kind === 'index') return;
    const now = await readNow(run.session, before);
    const skipped = now.filter((index) => !index.valid && invalid.has(index.oid));
    if (skipped.length === 0) return;
    const names = skipped.map(({ schema, name }) => quoteQualified(schema, name));
    run.context.events.emit('warning', {
      code: 'invalid-index-skipped',
      message: `${statement.traits.label} passed over invalid indexes, which are not rebuilt: ${names.join(', ')}.`,
      hint: 'Rebuild each with REINDEX INDEX CONCURRENTLY, or drop it where it is what an interrupted statement left.',
    });
  },
};

/** The indexes on the same tables now. Oids, because the names were read under the settings of earlier steps. */
async function readNow(session: Session, { indexes }: IndexesBefore): Promise<readonly IndexState[]> {
  const tables = new Set(indexes.map((index) => index.tableOid));
  return await indexesWhere(session, 'select unnest($1::int8[])::oid', `{${[...tables].join(',')}}`);
}

/**
 * Whether an invalid index is a copy that the statement began, or what it replaced. Its name can be anybody's, and may
 * be cut so that several indexes could have lent it; so the one it comes from is looked at as well. Of a fresh copy
 * that may be a newer one than before: somebody else may have rebuilt it meanwhile.
 */
async function isLeftover(
  session: Session,
  index: IndexState,
  { before, now }: { readonly before: readonly IndexState[]; readonly now: readonly IndexState[] },
): Promise<boolean> {
  const former = before.find(({ oid }) => oid === index.oid);
  if (former !== undefined && !isLeftoverName(index.name, former.name, 'ccold')) return false;
  const isOrigin = (each: IndexState): boolean =>
    former === undefined
      ? isLeftoverName(index.name, each.name, 'ccnew')
      : each.valid && each.name === former.name;
  for (const each of now) {
    if (each.tableOid !== index.tableOid || each.oid === index.oid || !isOrigin(each)) continue;
    if (await isSameIndex(session, index, each)) return true;
  }
  return false;
}

/** Whether another index, a valid one, stands under the name of one that was to be rebuilt. */
function isReplaced(oid: number, before: readonly IndexState[], now: readonly IndexState[]): boolean {
  const former = before.find((index) => index.oid === oid);
  if (former === undefined) return false;
  return now.some(
    (index) =>
      index.valid && index.oid !== oid && index.name === former.name && index.tableOid === former.tableOid,
  );
}

/** The same columns, operators, order and predicate. */
async function isSameIndex(session: Session, one: IndexState, other: IndexState): Promise<boolean> {
  const rows = await session.query<{ same: boolean }>(
    /* sql */ `
    select count(distinct row(i.indrelid, i.indkey::text, i.indclass::text, i.indoption::text, i.indcollation::text,
                              c.relam, pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid))::text) = 1
           and count(*) = 2 as same
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indexrelid in ($1::int8::oid, $2::int8::oid)`,
    [String(one.oid), String(other.oid)],
  );
  return rows[0]?.same === true;
}

async function readBefore(session: Session, { text }: LoneStatement): Promise<IndexesBefore> {
  const target = readReindexTarget(text);
  const empty = { indexes: [], wanted: [] };
  if (target === null) return empty;
  const oid = await targetOid(session, target);
  if (oid === null) return empty;
  const indexes = await indexesWhere(session, tablesOf[target.kind], target.kind === 'database' ? null : oid);
  if (target.kind !== 'index') {
    return { indexes, wanted: indexes.filter((index) => index.valid).map((index) => index.oid) };
  }
  const rows = await session.query<{ oid: number }>(
    `select relid::oid::int8::float8 as oid from pg_partition_tree($1::int8::oid) where isleaf union select $1::int8::float8`,
    [oid],
  );
  const named = new Set(rows.map((row) => row.oid));
  return { indexes, wanted: indexes.filter((index) => named.has(index.oid)).map((index) => index.oid) };
}

async function targetOid(session: Session, { kind, name }: ReindexTarget): Promise<string | null> {
  if (kind === 'database') return 'this one';
  if (name === null) return null;
  if (kind !== 'schema') {
    const oid = await relationOid(session, name);
    return oid === null ? null : String(oid);
  }
  const rows = await session.query<{ oid: string | null }>('select to_regnamespace($1)::oid::text as oid', [
    name,
  ]);
  return rows[0]?.oid ?? null;
}

const withToast = (tables: string): string => /* sql */ `
  with t as (${tables}) select oid from t
  union select c.reltoastrelid from pg_class c join t on t.oid = c.oid where c.reltoastrelid <> 0`;

/** SQL that gives the tables whose indexes each form may touch; the partitions of a partitioned one are part of it. */
const tablesOf: Readonly<Record<ReindexTarget['kind'], string>> = {
  table: withToast(
    'select relid::oid as oid from pg_partition_tree($1::int8::oid) union select $1::int8::oid',
  ),
  index: /* sql */ `
    select indrelid from pg_index
    where indexrelid in (select relid::oid from pg_partition_tree($1::int8::oid) union select $1::int8::oid)`,
  schema: withToast("select oid from pg_class where relnamespace = $1::int8::oid and relkind in ('r', 'm')"),
  database: withToast("select oid from pg_class where oid >= 16384 and relkind in ('r', 'm')"),
};
