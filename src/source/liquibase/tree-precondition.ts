import { quoteLiteral } from '../../sql/quote.js';
import type { FileContext } from './context.js';
import { existsCheck, found, nameTest, schemaTest } from './existence.js';
import { dbmsMatches } from './expression.js';
import { onFailOf } from './formatted-precondition.js';
import { qualifiedName, storedName } from './naming.js';
import { type Node, valueOf } from './node.js';
import { normalPath } from './path.js';
import type { Check, PreconditionSet } from './precondition.js';
import { invalidChangelog, refusedStep } from './problem.js';

const settings = new Set([
  'onFail',
  'onError',
  'onFailMessage',
  'onErrorMessage',
  'onSqlOutput',
  'onUpdateSQL',
  'onUpdateSql',
]);

/** The preconditions of a changeset or a changelog. */
export function treePreconditions(node: Node, context: FileContext): PreconditionSet {
  return {
    place: node.place,
    onFail: onFailOf(valueOf(node, 'onFail')),
    onError: onFailOf(valueOf(node, 'onError')),
    onFailMessage: valueOf(node, 'onFailMessage'),
    onErrorMessage: valueOf(node, 'onErrorMessage'),
    check: { kind: 'and', checks: checksIn(node, context) },
  };
}

const checksIn = (node: Node, context: FileContext): readonly Check[] =>
  node.children.filter(({ name }) => !settings.has(name)).map((child) => checkOf(child, context));

function checkOf(node: Node, context: FileContext): Check {
  const { name } = node;
  if (name === 'and' || name === 'or' || name === 'not')
    return { kind: name, checks: checksIn(node, context) };
  const make = makers[name];
  if (make !== undefined) return make(node, context);
  throw refusedStep(
    node.place,
    `the precondition "${name}" is not known here.`,
    `Known: ${Object.keys(makers).join(', ')}, and, or, not.`,
  );
}

type Maker = (node: Node, context: FileContext) => Check;

function need(node: Node, name: string): string {
  const value = valueOf(node, name);
  if (value !== null && value.trim() !== '') return value;
  throw invalidChangelog(node.place, `${node.name} has no "${name}".`, `Give it a "${name}".`);
}

const relation =
  (kind: 'table' | 'view' | 'sequence'): Maker =>
  (node, context) =>
    existsCheck(kind, { name: need(node, `${kind}Name`), schema: valueOf(node, 'schemaName') }, context);

/** A table by its name, joined as `c`, in its schema `n`. */
const ofTable = (node: Node, name: string, context: FileContext): string =>
  `pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace and ${schemaTest(valueOf(node, 'schemaName') ?? valueOf(node, 'foreignKeyTableSchemaName'), context)}${name === '' ? '' : ` and ${nameTest('c.relname', name)}`}`;

const constraint = (
  node: Node,
  about: {
    readonly kind: string;
    readonly name: string | null;
    readonly table: string;
    readonly what: string;
  },
  context: FileContext,
): Check =>
  found(
    `${about.what} does not exist`,
    `pg_catalog.pg_constraint k join ${ofTable(node, about.table, context)} on c.oid = k.conrelid where k.contype = '${about.kind}'${about.name === null ? '' : ` and ${nameTest('k.conname', about.name)}`}`,
  );

function countCheck(node: Node, expected: string, { settings: { defaultSchema } }: FileContext): Check {
  const name = need(node, 'tableName');
  const table = qualifiedName({ schema: valueOf(node, 'schemaName') ?? defaultSchema, name });
  return {
    kind: 'query',
    sql: `select pg_catalog.count(*) from ${table}`,
    expected: expected.trim(),
    what: `the number of rows in ${name}`,
  };
}

const makers: Readonly<Record<string, Maker>> = {
  dbms: (node) => {
    const type = need(node, 'type');
    return { kind: 'known', holds: dbmsMatches(type), what: `the database is PostgreSQL, and not ${type}` };
  },
  runningAs: (node) => {
    const user = need(node, 'username').trim();
    return {
      kind: 'query',
      sql: `select pg_catalog.lower(session_user) = ${quoteLiteral(user.toLowerCase())}`,
      expected: 't',
      what: `the user is not ${user}`,
    };
  },
  tableExists: relation('table'),
  viewExists: relation('view'),
  sequenceExists: relation('sequence'),
  columnExists: (node, context) => {
    const [table, column] = [need(node, 'tableName'), need(node, 'columnName')];
    return found(
      `column ${table}.${column} does not exist`,
      `pg_catalog.pg_attribute a join ${ofTable(node, table, context)} on c.oid = a.attrelid where a.attnum > 0 and not a.attisdropped and ${nameTest('a.attname', column)}`,
    );
  },
  foreignKeyConstraintExists: (node, context) =>
    constraint(
      node,
      {
        kind: 'f',
        name: valueOf(node, 'foreignKeyName'),
        table: valueOf(node, 'foreignKeyTableName') ?? '',
        what: `foreign key ${valueOf(node, 'foreignKeyName') ?? ''}`,
      },
      context,
    ),
  primaryKeyExists: (node, context) =>
    constraint(
      node,
      {
        kind: 'p',
        name: valueOf(node, 'primaryKeyName'),
        table: valueOf(node, 'tableName') ?? '',
        what: `primary key ${valueOf(node, 'primaryKeyName') ?? `of ${valueOf(node, 'tableName') ?? ''}`}`,
      },
      context,
    ),
  uniqueConstraintExists: (node, context) =>
    constraint(
      node,
      {
        kind: 'u',
        name: valueOf(node, 'constraintName'),
        table: need(node, 'tableName'),
        what: `unique constraint ${valueOf(node, 'constraintName') ?? ''}`,
      },
      context,
    ),
  indexExists,
  sqlCheck: (node) => {
    const sql = node.value ?? need(node, 'sql');
    return {
      kind: 'query',
      sql: sql.trim().replace(/;$/, ''),
      expected: need(node, 'expectedResult'),
      what: sql.trim(),
    };
  },
  rowCount: (node, context) => countCheck(node, need(node, 'expectedRows'), context),
  tableIsEmpty: (node, context) => countCheck(node, '0', context),
  changeSetExecuted: (node, context) => {
    const { historySchema, historyTable } = context.settings;
    const table = qualifiedName({ schema: historySchema, name: historyTable });
    const [id, author] = [need(node, 'id'), need(node, 'author')];
    const file = normalPath(valueOf(node, 'changeLogFile') ?? context.name);
    return found(
      `the changeset ${file}::${id}::${author} was not run`,
      `${table} where id = ${quoteLiteral(id)} and author = ${quoteLiteral(author)} and filename in (${quoteLiteral(file)}, ${quoteLiteral(`classpath:${file}`)})`,
    );
  },
  changeLogPropertyDefined: (node, { parameters }) => {
    const name = need(node, 'property');
    const wanted = valueOf(node, 'value');
    const mark = `\${${name}}`;
    const value = parameters.isDefined(name) ? parameters.expand(mark) : null;
    const holds = value !== null && (wanted === null || wanted === value);
    return {
      kind: 'known',
      holds,
      what: `the property ${name} is not defined${wanted === null ? '' : ` as ${wanted}`}`,
    };
  },
};

function indexExists(node: Node, context: FileContext): Check {
  const name = valueOf(node, 'indexName');
  const table = valueOf(node, 'tableName');
  const columns = valueOf(node, 'columnNames');
  const indexes = `pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid join ${ofTable(node, table ?? '', context)} on c.oid = i.indrelid`;
  const tests = [
    ...(name === null ? [] : [nameTest('x.relname', name)]),
    ...(columns === null ? [] : [columnsTest(columns)]),
  ];
  const what = `index ${name ?? `on ${table ?? ''} (${columns ?? ''})`} does not exist`;
  return found(what, `${indexes}${tests.length === 0 ? '' : ` where ${tests.join(' and ')}`}`);
}

function columnsTest(columns: string): string {
  const names = columns.split(',').map((one) => quoteLiteral(storedName(one.trim())));
  return `(select pg_catalog.array_agg(a.attname::text order by k.place) from pg_catalog.unnest(i.indkey) with ordinality k(attnum, place) join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum) = array[${names.join(', ')}]`;
}
