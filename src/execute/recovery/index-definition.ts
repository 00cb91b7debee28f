import type { Session } from '../../pg/index.js';

/** An index as far as a statement and the catalog can be compared without evaluating anything. */
export interface IndexDefinition {
  /** Null where the statement leaves the choice to the server. */
  readonly name: string | null;
  readonly method: string;
  readonly unique: boolean;
  /** Key columns in order, `desc` after those that go down; null for an expression. */
  readonly keys: readonly (string | null)[];
  readonly included: readonly string[];
  readonly partial: boolean;
}

/** What a statement makes, as far as its own text tells. */
export interface WantedIndex extends IndexDefinition {
  /** The definition above says all there is to it: no expression, no condition, nothing but columns in a direction. */
  readonly plain: boolean;
}

/** The parts of a CREATE INDEX in PostgreSQL's syntax tree that are read here (parsenodes.h, IndexStmt). */
interface IndexTree {
  readonly idxname?: string;
  readonly accessMethod?: string;
  readonly unique?: boolean;
  readonly indexParams?: readonly IndexElement[];
  readonly indexIncludingParams?: readonly IndexElement[];
  readonly whereClause?: unknown;
  readonly nulls_not_distinct?: boolean;
}

interface IndexElement {
  readonly IndexElem: {
    readonly name?: string;
    readonly ordering?: string;
    readonly nulls_ordering?: string;
    readonly opclass?: readonly unknown[];
    readonly collation?: readonly unknown[];
  };
}

/** Reads a CREATE INDEX; null where our grammar cannot, so that nothing is compared rather than something guessed. */
export async function readIndexDefinition(sql: string): Promise<WantedIndex | null> {
  const { loadParser } = await import('../../sql/parse.js');
  const parser = await loadParser();
  let tree: IndexTree | undefined;
  try {
    tree = (parser.parse(sql).stmts?.[0]?.stmt as { IndexStmt?: IndexTree } | undefined)?.IndexStmt;
  } catch {
    return null; // an older server may take what grammar 18 refuses
  }
  if (tree === undefined) return null;
  const { idxname = '', accessMethod = '', unique = false, whereClause } = tree;
  return {
    name: idxname === '' ? null : idxname,
    method: accessMethod === '' ? 'btree' : accessMethod,
    unique,
    keys: (tree.indexParams ?? []).map(({ IndexElem: { name, ordering } }) =>
      name === undefined ? null : ordering === 'SORTBY_DESC' ? `${name} desc` : name,
    ),
    included: (tree.indexIncludingParams ?? []).map(({ IndexElem: { name } }) => name ?? ''),
    partial: whereClause !== undefined,
    plain:
      whereClause === undefined &&
      tree.nulls_not_distinct !== true &&
      (tree.indexParams ?? []).every(isPlain),
  };
}

function isPlain({ IndexElem: { name, nulls_ordering, opclass, collation } }: IndexElement): boolean {
  return (
    name !== undefined &&
    (nulls_ordering ?? 'SORTBY_NULLS_DEFAULT') === 'SORTBY_NULLS_DEFAULT' &&
    opclass === undefined &&
    collation === undefined
  );
}

/** The same of an index that is there. */
export async function indexDefinitionOf(session: Session, oid: number): Promise<IndexDefinition | null> {
  const rows = await session.query<IndexDefinition & Record<string, unknown>>(
    /* sql */ `
    select c.relname as name, am.amname as method, i.indisunique as unique, i.indpred is not null as partial,
           array(select a.attname || case when i.indoption[k - 1]::int & 1 = 1 then ' desc' else '' end
                 from generate_series(1, i.indnkeyatts) k
                 left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[k - 1] and a.attnum > 0
                 order by k) as keys,
           array(select a.attname::text
                 from generate_series(i.indnkeyatts + 1, i.indnatts) k
                 join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[k - 1]
                 order by k) as included
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_am am on am.oid = c.relam
    where i.indexrelid = $1::int8::oid`,
    [String(oid)],
  );
  return rows[0] ?? null;
}

/** Whether an index can be what a statement makes, before expressions and conditions are looked at. */
export function isLikeDefinition(wanted: IndexDefinition, found: IndexDefinition): boolean {
  return (
    (wanted.name === null || wanted.name === found.name) &&
    wanted.method === found.method &&
    wanted.unique === found.unique &&
    wanted.partial === found.partial &&
    isSameList(wanted.keys, found.keys) &&
    isSameList(wanted.included, found.included)
  );
}

const isSameList = (left: readonly unknown[], right: readonly unknown[]): boolean =>
  left.length === right.length && left.every((value, at) => value === right[at]);
