import { LockkeeperError } from '../../core/errors.js';
import type { BackfillSettings } from '../../migration/backfill.js';
import type { Session } from '../../pg/index.js';
import type { BatchShape } from '../../sql/batchable.js';
import { quoteIdent } from '../../sql/quote.js';
import { type KeyColumn, type Order, orderByPlace } from './order.js';

/** A plain table that holds rows: the table itself, a partition, or one that inherits. */
export interface Relation {
  readonly oid: number;
  /** Quoted, with its schema. */
  readonly name: string;
  readonly order: Order;
}

/** What a backfill works on, as the catalog has it now. */
export interface Target {
  /** In the order in which they are worked through: by oid, so that a partition made meanwhile comes last. */
  readonly relations: readonly Relation[];
  /** The planner's estimate of all rows. */
  readonly total: number;
}

interface RelationRow {
  readonly oid: string;
  readonly kind: string;
  readonly name: string;
  readonly partition_key: string[];
}

/** The table and everything below it. Locks nothing but catalog rows. */
const relationsQuery = /* sql */ `
  with recursive tree(oid) as (
    select pg_catalog.to_regclass($1)::oid
    union all
    select i.inhrelid from pg_catalog.pg_inherits i join tree t on i.inhparent = t.oid where not $2::boolean
  )
  select c.oid::text as oid, c.relkind as kind,
         pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
         array(select a.attname::text from pg_catalog.pg_partitioned_table p
               join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs::int2[])
               where p.partrelid = c.oid) as partition_key
  from tree join pg_catalog.pg_class c on c.oid = tree.oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  order by c.oid`;

/**
 * Reads which tables hold the rows and along which key each is walked.
 * @throws {BACKFILL_IMPOSSIBLE} no such table, a view or foreign table, no usable key, or SET of a key column.
 */
export async function readTarget(
  session: Session,
  shape: BatchShape,
  settings: BackfillSettings,
): Promise<Target> {
  const rows = await session.query<RelationRow>(relationsQuery, [shape.table, shape.only]);
  if (rows.length === 0)
    throw impossible(
      shape,
      'does not exist',
      'Write it as SQL would: schema.table, with double quotes around odd names.',
    );
  const foreign = rows.find(({ kind }) => kind !== 'r' && kind !== 'p');
  if (foreign !== undefined)
    throw impossible(
      shape,
      `holds rows in ${foreign.name}, which is no table of this database`,
      'Only tables and their partitions can be worked through in batches.',
    );
  const moved = rows.flatMap((row) => row.partition_key).find((column) => shape.columns.includes(column));
  if (moved !== undefined)
    throw keyChanged(shape, moved, 'is part of the partition key: its rows would move to other partitions');
  const relations: Relation[] = [];
  for (const row of rows.filter(({ kind }) => kind === 'r')) {
    const order = await readOrder(session, { oid: row.oid, shape, settings });
    relations.push({ oid: Number(row.oid), name: row.name, order });
  }
  return { relations, total: await estimateRows(session, shape) };
}

/** What the planner thinks the table holds: its statistics, scaled to its present size. */
async function estimateRows(session: Session, shape: BatchShape): Promise<number> {
  const only = shape.only ? 'only ' : '';
  const rows = await session.query<{ 'QUERY PLAN': readonly { Plan: { 'Plan Rows': number } }[] }>(
    `explain (format json) select 1 from ${only}${shape.table}`,
  );
  return rows[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0;
}

interface IndexRow {
  readonly columns: string[];
  readonly types: string[];
  readonly schemas: string[];
  readonly after: string[];
  readonly until: string[];
}

/**
 * Unique btree indexes that put every row in its place: complete (no WHERE, no expression), checked at once, without
 * NULL, in the order and collation of their columns. The operators are those of the index itself, whatever search_path
 * says; an operator of the same name from another schema would walk in another order and skip rows.
 */
const indexesQuery = /* sql */ `
  select array_agg(a.attname::text order by k.place) as columns,
         array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) order by k.place) as types,
         array_agg(n.nspname::text order by k.place) as schemas,
         array_agg(g.oprname::text order by k.place) as after,
         array_agg(l.oprname::text order by k.place) as until
  from pg_catalog.pg_index i
  cross join lateral unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[])
    with ordinality as k(attnum, opclass, coll, option, place)
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  join pg_catalog.pg_opclass o on o.oid = k.opclass
  join pg_catalog.pg_am m on m.oid = o.opcmethod and m.amname = 'btree'
  join pg_catalog.pg_amop ga on ga.amopfamily = o.opcfamily and ga.amopstrategy = 5
    and ga.amoplefttype = o.opcintype and ga.amoprighttype = o.opcintype
  join pg_catalog.pg_operator g on g.oid = ga.amopopr
  join pg_catalog.pg_namespace n on n.oid = g.oprnamespace
  join pg_catalog.pg_amop la on la.amopfamily = o.opcfamily and la.amopstrategy = 2
    and la.amoplefttype = o.opcintype and la.amoprighttype = o.opcintype
  join pg_catalog.pg_operator l on l.oid = la.amopopr
  where i.indrelid = $1::oid and i.indisunique and i.indisvalid and i.indimmediate
    and i.indpred is null and i.indexprs is null and k.place <= i.indnkeyatts
  group by i.indexrelid, i.indisprimary, i.indnkeyatts
  having count(*) = i.indnkeyatts and bool_and(a.attnotnull) and bool_and(o.opcdefault)
    and bool_and(k.coll = a.attcollation) and count(distinct k.option) = 1
  order by i.indisprimary desc, i.indexrelid`;

async function readOrder(
  session: Session,
  about: { readonly oid: string; readonly shape: BatchShape; readonly settings: BackfillSettings },
): Promise<Order> {
  const { shape, settings } = about;
  const indexes = await session.query<IndexRow>(indexesQuery, [about.oid]);
  const { key } = settings;
  const byPlace = key?.join() === 'ctid';
  const fitting = indexes.find(({ columns }) =>
    key === null ? !touches(columns, shape) : columns.join() === key.join(),
  );
  const index = byPlace ? undefined : (fitting ?? (key === null ? indexes[0] : undefined));
  if (index !== undefined) {
    const changed = index.columns.find((column) => shape.columns.includes(column));
    if (changed !== undefined)
      throw keyChanged(shape, changed, 'is part of the key that the rows are walked along');
    return { byPlace: false, columns: index.columns.map((column, at) => keyColumn(index, column, at)) };
  }
  if (key !== null && !byPlace)
    throw impossible(
      shape,
      `has no unique index on exactly (${key.join(', ')}) whose columns are all NOT NULL`,
      'Name the columns of such an index, in its order, or leave key out.',
    );
  if (shape.kind !== 'delete' && shape.where === null)
    throw impossible(
      shape,
      'has no unique, not-null key, and the backfill has no WHERE',
      'Add a WHERE that no longer holds for a row that is done (`where lower_name is null`): without a key, only that tells such a row from others.',
    );
  return orderByPlace;
}

const touches = (columns: readonly string[], shape: BatchShape): boolean =>
  columns.some((column) => shape.columns.includes(column));

function keyColumn(index: IndexRow, name: string, at: number): KeyColumn {
  const schema = index.schemas[at] ?? 'pg_catalog';
  const operator = (sign: string | undefined): string => `operator(${quoteIdent(schema)}.${sign ?? ''})`;
  return {
    name,
    type: index.types[at] ?? 'text',
    builtIn: schema === 'pg_catalog',
    after: operator(index.after[at]),
    until: operator(index.until[at]),
  };
}

function impossible(shape: BatchShape, why: string, hint: string): LockkeeperError {
  return new LockkeeperError('BACKFILL_IMPOSSIBLE', {
    message: `The table ${shape.table} cannot be worked through in batches: it ${why}.`,
    hint,
    details: { table: shape.table },
  });
}

function keyChanged(shape: BatchShape, column: string, why: string): LockkeeperError {
  return impossible(
    { ...shape },
    `would change under the backfill: the column "${column}", which SET changes, ${why}`,
    'Name another unique key with the option key, or change that column by a plain UPDATE.',
  );
}
