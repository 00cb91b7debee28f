/** A type of Liquibase as PostgreSQL has it; one that is not known is passed on as it is written. */
export interface DataType {
  readonly sql: string;
  /** `serial` and its kin are numbers by themselves. */
  readonly serial: boolean;
  readonly kind: 'boolean' | 'number' | 'time' | 'text';
}

const byName: Readonly<Record<string, string>> = {
  int: 'integer',
  integer: 'integer',
  int4: 'integer',
  serial: 'integer',
  serial4: 'integer',
  bigint: 'bigint',
  int8: 'bigint',
  integer8: 'bigint',
  bigserial: 'bigint',
  serial8: 'bigint',
  smallint: 'smallint',
  int2: 'smallint',
  smallserial: 'smallint',
  tinyint: 'smallint',
  bool: 'boolean',
  boolean: 'boolean',
  varchar2: 'varchar',
  nvarchar: 'varchar',
  nvarchar2: 'varchar',
  nchar: 'char',
  nchar2: 'char',
  number: 'numeric',
  double: 'double precision',
  currency: 'decimal',
  money: 'decimal',
  smallmoney: 'decimal',
  blob: 'oid',
  uniqueidentifier: 'uuid',
  xmltype: 'xml',
  ...Object.fromEntries(
    'clob text longtext longvarchar nclob longnvarchar ntext tinytext mediumtext'
      .split(' ')
      .map((name) => [name, 'text']),
  ),
  ...Object.fromEntries(
    'longblob longvarbinary varbinary binary image tinyblob mediumblob'
      .split(' ')
      .map((name) => [name, 'bytea']),
  ),
};

/** Names of Java for the same. */
const byJava: Readonly<Record<string, string>> = {
  'java.lang.integer': 'int',
  'java.lang.long': 'bigint',
  'java.math.biginteger': 'bigint',
  'java.lang.boolean': 'boolean',
  'java.lang.string': 'varchar',
  'java.lang.double': 'double',
  'java.lang.float': 'float',
  'java.math.bigdecimal': 'decimal',
  'java.util.uuid': 'uuid',
  'java.util.date': 'datetime',
  'java.sql.date': 'date',
  'java.sql.time': 'time',
  'java.sql.timestamp': 'timestamp',
  'java.sql.types.timestamp_with_timezone': 'timestamptz',
  'java.sql.types.sqlxml': 'xml',
};

export function dataType(written: string): DataType {
  const [, said = '', parameters = '', rest = ''] =
    /^\s*([\w.]+)\s*(\([^)]*\))?\s*(.*?)\s*$/s.exec(written) ?? [];
  const lower = said.toLowerCase();
  const name = byJava[lower] ?? lower.replace(/^java\.sql\.types\./, '');
  const known = /^(?:timestamp|datetime|smalldatetime|datetime2|timestamptz)$/.test(name)
    ? timestamp(name, parameters, rest)
    : plain(name, { parameters, rest, written });
  return { sql: known, serial: /serial/.test(name), kind: kindOf(name) };
}

function plain(
  name: string,
  {
    parameters,
    rest,
    written,
  }: { readonly parameters: string; readonly rest: string; readonly written: string },
): string {
  const own = byName[name];
  const javaOnly = own === undefined && written.trim().toLowerCase().startsWith('java.');
  if (own === undefined && !javaOnly && !/^(?:var)?char$/.test(name)) return written.trim();
  const target = own ?? name;
  const keeps = /char|numeric|decimal|^(?:time|bit)$/.test(target);
  const size = keeps ? parameters.replace(/\s*(?:char|byte)\s*\)$/i, ')') : '';
  // An array of them, or a word such as `varying`.
  const behind = rest.startsWith('[') || /char|^double$/.test(name) ? rest : '';
  if (size === '(2147483647)') return 'character varying';
  return target === 'double precision'
    ? target
    : `${target}${size}${behind === '' || behind.startsWith('[') ? behind : ` ${behind}`}`;
}

function timestamp(name: string, parameters: string, rest: string): string {
  const zoned = name === 'timestamptz' || /^with\s+time\s?zone|^withtimezone/i.test(rest);
  const [, size = ''] = /\(\s*(\d+)\s*\)/.exec(parameters) ?? [];
  const array = rest.endsWith('[]') ? '[]' : '';
  return `timestamp${size === '' ? '' : `(${size})`} ${zoned ? 'with' : 'without'} time zone${array}`;
}

function kindOf(name: string): DataType['kind'] {
  const target = byName[name] ?? name;
  if (target === 'boolean' || target === 'bit') return 'boolean';
  if (/^(?:integer|bigint|smallint|numeric|decimal|double|real|float)/.test(target)) return 'number';
  return /^(?:date|time|timestamp|smalldatetime)/.test(target) ? 'time' : 'text';
}
