import { quoteIdent, quoteLiteral } from '../../sql/quote.js';

/** One column of a key, with the operators that its index is ordered by. */
export interface KeyColumn {
  readonly name: string;
  /** As a cast takes it. */
  readonly type: string;
  /** Its operators are PostgreSQL's own, so that a row comparison can use them. */
  readonly builtIn: boolean;
  /** `operator(pg_catalog.>)` */
  readonly after: string;
  /** `operator(pg_catalog.<=)` */
  readonly until: string;
}

/** How the rows of a table are put in a row. */
export interface Order {
  /** By ctid, because there is no key. */
  readonly byPlace: boolean;
  readonly columns: readonly KeyColumn[];
}

export const orderByPlace: Order = {
  byPlace: true,
  columns: [
    {
      name: 'ctid',
      type: 'tid',
      builtIn: true,
      after: 'operator(pg_catalog.>)',
      until: 'operator(pg_catalog.<=)',
    },
  ],
};

/** The key of one row, every value as its text. */
export type Position = readonly string[];

/** Between two rows: behind `after` (null: from the first) and up to `until` (null: to the last). */
export interface Range {
  readonly after: Position | null;
  readonly until: Position | null;
}

const columnOf = (alias: string, { name }: KeyColumn): string =>
  name === 'ctid' ? `${alias}.ctid` : `${alias}.${quoteIdent(name)}`;

const value = (column: KeyColumn, text: string): string => `${quoteLiteral(text)}::${column.type}`;

/** The key of a row as a JSON array of texts, with no setting of the session (DateStyle) in it. */
export function positionSql(order: Order, alias: string): string {
  const parts = order.columns.map((column) => {
    const name = columnOf(alias, column);
    // JSON has dates in ISO 8601, whatever DateStyle says; other types have one text only.
    return /^(date|time)/.test(column.type)
      ? `pg_catalog.to_jsonb(${name}) operator(pg_catalog.#>>) '{}'`
      : `${name}::text`;
  });
  return `pg_catalog.jsonb_build_array(${parts.join(', ')})`;
}

/** `true` for everything. */
export function rangeSql(order: Order, alias: string, range: Range): string {
  // From the first place on, said as a bound: a range of ctid is read in its order, a whole table from anywhere.
  const after = range.after ?? (order.byPlace ? ['(0,0)'] : null);
  const bounds = [
    ...(after === null ? [] : [compare(order, alias, { position: after, side: 'after' })]),
    ...(range.until === null ? [] : [compare(order, alias, { position: range.until, side: 'until' })]),
  ];
  return bounds.length === 0 ? 'true' : bounds.join(' and ');
}

/**
 * One comparison of rows where the operators allow, which a composite index answers as one range (manual, "Row and
 * Array Comparisons"); else the same spelt out, with a bound on the first column for the index.
 */
function compare(
  { columns }: Order,
  alias: string,
  bound: { readonly position: Position; readonly side: 'after' | 'until' },
): string {
  const { position, side } = bound;
  const [first] = columns;
  const names = columns.map((column) => columnOf(alias, column));
  const values = columns.map((column, at) => value(column, position[at] ?? ''));
  if (first === undefined) return 'true';
  if (columns.length === 1) return `${names[0]} ${first[side]} ${values[0]}`;
  if (columns.every(({ builtIn }) => builtIn))
    return `(${names.join(', ')}) ${first[side]} (${values.join(', ')})`;
  const less = (at: number): string => {
    const column = columns[at] as KeyColumn;
    if (at === columns.length - 1) return `${names[at]} ${column[side]} ${values[at]}`;
    const strictly =
      side === 'after'
        ? `${names[at]} ${column.after} ${values[at]}`
        : `${names[at]} ${column.until} ${values[at]} and not (${values[at]} ${column.until} ${names[at]})`;
    const equal = `(${values[at]} ${column.until} ${names[at]} and ${names[at]} ${column.until} ${values[at]})`;
    return `(${strictly} or ${equal} and ${less(at + 1)})`;
  };
  const opener =
    side === 'after' ? `${values[0]} ${first.until} ${names[0]}` : `${names[0]} ${first.until} ${values[0]}`;
  return `(${opener} and ${less(0)})`;
}

/** The key of the row that is `rows` rows behind a position; no row where the table ends before. */
export function boundQuery(
  relation: { readonly name: string; readonly order: Order },
  after: Position | null,
  rows: number,
): string {
  const { name, order } = relation;
  const range = rangeSql(order, 'lk', { after, until: null });
  if (order.byPlace) {
    // A range of ctid comes in the order of the table, and has no index that could give the n-th row.
    return `select case when pg_catalog.count(*) = ${rows} then pg_catalog.jsonb_build_array(pg_catalog.max(place)::text)::text end from (select lk.ctid as place from only ${name} as lk where ${range} limit ${rows}) as batch`;
  }
  const columns = order.columns.map((column) => columnOf('lk', column)).join(', ');
  // The position is built outside: PostgreSQL computes what is selected for every row that OFFSET passes over.
  return `select ${positionSql(order, 'lk')}::text from (select ${columns} from only ${name} as lk where ${range} order by ${columns} offset ${rows - 1} limit 1) as lk`;
}

/** The rows at these positions. */
export function positionsSql(order: Order, alias: string, positions: readonly Position[]): string {
  const names = order.columns.map((column) => columnOf(alias, column)).join(', ');
  const rows = positions.map(
    (position) => `(${order.columns.map((column, at) => value(column, position[at] ?? '')).join(', ')})`,
  );
  return `(${names}) in (${rows.join(', ')})`;
}

/** The key of a row by column, for people and for `migration_errors`. */
export function keyObject(order: Order, position: Position): Readonly<Record<string, string>> {
  return Object.fromEntries(order.columns.map(({ name }, at) => [name, position[at] ?? '']));
}
