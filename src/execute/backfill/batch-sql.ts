import type { BatchShape } from '../../sql/batchable.js';
import { quoteIdent, quoteLiteral } from '../../sql/quote.js';
import { type Order, positionSql, type Range, rangeSql } from './order.js';
import { rowsSetting } from './record.js';
import type { Relation } from './target.js';

/** What the server cannot read as a number, and so names in its error (22P02). */
export const againMark = 'lockkeeper: a changed row still meets the condition';

/** One batch of one table. */
export interface BatchScope {
  readonly shape: BatchShape;
  readonly relation: Relation;
  readonly range: Range;
  /** Places of rows that were put aside and must not be picked again; only where there is no key. */
  readonly without: readonly string[];
}

/** The author's condition and the bounds. A line end keeps a comment at its end from swallowing what follows. */
export function conditionSql({ shape, relation, range, without }: BatchScope): string {
  const where = shape.where === null ? [] : [`(${shape.where}\n)`];
  const aside =
    without.length === 0
      ? []
      : [
          `${shape.alias}.ctid <> all (${quoteLiteral(`{${without.map((place) => `"${place}"`).join(',')}}`)}::tid[])`,
        ];
  return [...where, rangeSql(relation.order, shape.alias, range), ...aside].join(' and ');
}

/** The author's statement, on one plain table and within the bounds. */
export function boundedSql(scope: BatchScope): string {
  const { shape, relation } = scope;
  return `${shape.head} only ${relation.name} as ${shape.alias} ${shape.middle} where ${conditionSql(scope)}`;
}

/**
 * The statement with the number of its rows kept for the record. Without a key, a row that still meets the condition
 * after its change would be changed again in the next pass; then the division stops it, before anything is committed.
 */
export function countedSql(scope: BatchScope, returning: string | null = null): string {
  const { shape, relation } = scope;
  const checks = relation.order.byPlace && shape.kind === 'update';
  const again = checks ? `coalesce((${shape.where ?? 'true'}\n), false)` : 'false';
  const columns = [`${again} as again`, ...(returning === null ? [] : [returning])];
  const guard = checks
    ? `, (case when coalesce(pg_catalog.bool_or(again), false) then ${quoteLiteral(againMark)} else '0' end)::int`
    : '';
  return `with lockkeeper_batch as (${boundedSql(scope)} returning ${columns.join(', ')}) select pg_catalog.set_config('${rowsSetting}', pg_catalog.count(*)::text, true)${guard} from lockkeeper_batch`;
}

/** Keeps the present values of the rows of a batch, and locks them so that they are still those when it changes them. */
export function saveSql(scope: BatchScope, savedTable: string): string {
  const { shape, relation } = scope;
  const others = shape.from === null ? '' : `, ${shape.from}`;
  const before = valuesSql(shape.alias, shape.columns);
  return `insert into ${savedTable} (relation, row_key, before) select distinct on (locked.row_key) ${relation.oid}, locked.row_key, locked.before from (select ${positionSql(relation.order, shape.alias)} as row_key, ${before} as before from only ${relation.name} as ${shape.alias}${others} where ${conditionSql(scope)} for update of ${shape.alias}) as locked`;
}

/** Adds the new values, by which `down` tells a row that somebody has edited since. */
export function saveAfterSql(
  scope: Pick<BatchScope, 'relation'> & { readonly columns: readonly string[] },
  savedTable: string,
): readonly string[] {
  const { relation, columns } = scope;
  return [
    `update ${savedTable} as s set after = ${valuesSql('lk', columns)} from only ${relation.name} as lk where s.after is null and s.relation = ${relation.oid} and ${sameRowSql(relation.order, 'lk', 's.row_key')}`,
    `delete from ${savedTable} where after is null`,
  ];
}

/** Whether a row is the one whose key stands in a JSON array. */
export function sameRowSql(order: Order, alias: string, key: string): string {
  return order.columns
    .map(({ name, type }, at) => {
      const column = name === 'ctid' ? `${alias}.ctid` : `${alias}.${quoteIdent(name)}`;
      return `${column} = (${key} ->> ${at})::${type}`;
    })
    .join(' and ');
}

export function valuesSql(alias: string, columns: readonly string[]): string {
  const parts = columns.map((column) => `${quoteLiteral(column)}, ${alias}.${quoteIdent(column)}`);
  return `pg_catalog.jsonb_build_object(${parts.join(', ')})`;
}
