import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { quoteIdent, quoteLiteral, quoteQualified } from '../../sql/quote.js';
import type { FormatRequest } from '../format.js';
import { readGivenTexts } from '../given.js';
import type { FormatSettings } from '../options.js';
import { shownPath } from '../shown-path.js';
import { compareNumbers, namesIn, stampOf } from './folder.js';
import { parseMarkers, sqlMigrateMarkers } from './markers.js';
import { isoMoment, rowText, textOf } from './table.js';
import { type SqlTool, sqlToolFormat } from './tool.js';

const known = new Set(['dialect', 'datasource', 'dir', 'table', 'schema']);

function tableOf(settings: FormatSettings): string {
  const table = textOf(settings, 'table', 'gorp_migrations');
  const schema = textOf(settings, 'schema', '');
  return schema === '' ? quoteIdent(table) : quoteQualified(schema, table);
}

const tool: SqlTool = {
  name: 'sql-migrate',
  title: 'sql-migrate',
  configure: (request) => {
    const { root, dir, given } = request;
    const texts = readGivenTexts(given, ['table', 'schema', 'configEnvironment'], 'sql-migrate');
    const file = ['dbconfig.yml', 'dbconfig.yaml']
      .map((name) => join(root, name))
      .find((path) => existsSync(path));
    const said =
      file === undefined
        ? {}
        : readEnvironment(file, texts.configEnvironment ?? request.environment, request);
    return {
      file: file ?? null,
      dir: dir ?? resolve(root, said['dir'] ?? 'migrations'),
      settings: {
        table: texts.table ?? said['table'] ?? 'gorp_migrations',
        schema: texts.schema ?? said['schema'] ?? '',
      },
      connection: connectionOf(said['datasource']),
      warnings: Object.keys(said)
        .filter((key) => !known.has(key))
        .map((key) => ({
          code: 'setting-ignored',
          message: `${shownPath(file ?? '', root)}: "${key}" has no effect here.`,
        })),
    };
  },
  list: (listing, { dir, root }) => {
    const files = namesIn(dir, root, 'files').filter((name) => name.endsWith('.sql'));
    for (const id of files.toSorted(compareIds)) {
      const path = join(dir, id);
      const name = id.slice(0, -4);
      listing.add({
        version: name,
        name: name.replace(/^\d+[-_.]*/, ''),
        path,
        downPath: path,
        foreignKey: id,
      });
    }
  },
  parse: (up) => parseMarkers(up, sqlMigrateMarkers),
  history: (settings) => {
    const table = tableOf(settings);
    const schema = textOf(settings, 'schema', '');
    return {
      tool: 'sql-migrate',
      table,
      install: [
        ...(schema === '' ? [] : [`create schema if not exists ${quoteIdent(schema)}`]),
        `create table if not exists ${table} ("id" text not null primary key, "applied_at" timestamp with time zone)`,
      ],
      read: `select id, ${isoMoment('applied_at')} as applied_at from ${table} order by applied_at, id`,
      entriesOf: (rows) =>
        rows.map((row) => {
          const key = rowText(row, 'id');
          const at = row['applied_at'];
          return {
            key,
            name: key,
            appliedAt: typeof at === 'string' ? at : null,
            checksum: null,
            state: 'applied',
          };
        }),
      readBatch: null,
      lock: null,
    };
  },
  record: ({ key, settings }) => {
    const table = tableOf(settings);
    return {
      checksum: null,
      applied: () => [
        `insert into ${table} (id, applied_at) values (${quoteLiteral(key)}, pg_catalog.clock_timestamp())`,
      ],
      undone: () => [`delete from ${table} where id = ${quoteLiteral(key)}`],
    };
  },
  create: (dir, { name, now, up, down }) => [
    {
      path: join(dir, `${stampOf(now)}-${name}.sql`),
      content: `-- +migrate Up\n${up.trimEnd()}\n\n-- +migrate Down\n${down ?? ''}`,
    },
  ],
};

export const sqlMigrate = sqlToolFormat(tool);

/** Names with a number in front of them first, by value; then by name. */
function compareIds(a: string, b: string): number {
  const [left] = /^\d+/.exec(a) ?? [];
  const [right] = /^\d+/.exec(b) ?? [];
  if (left !== undefined && right !== undefined) {
    const difference = compareNumbers(left, right);
    if (difference !== 0) return difference;
  } else if (left !== undefined || right !== undefined) {
    return left === undefined ? 1 : -1;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `dbconfig.yml` is two levels of plain keys; `${NAME}` in it is a variable of the environment. */
function readEnvironment(
  file: string,
  environment: string,
  { variable }: FormatRequest,
): Readonly<Record<string, string>> {
  const environments = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
    const [, indent, key, value] = /^(\s*)([\w.-]+)\s*:\s*(.*)$/.exec(line.replace(/\s+#.*$/, '')) ?? [];
    if (key === undefined) continue;
    if (indent === '') {
      current = {};
      environments.set(key, current);
    } else {
      const plain = (value ?? '').trim().replace(/^(["'])(.*)\1$/, '$2');
      current[key] = plain.replaceAll(
        /\$\{(\w+)\}|\$(\w+)/g,
        (_, a?: string, b?: string) => variable(a ?? b ?? '') ?? '',
      );
    }
  }
  return environments.get(environment) ?? environments.get('development') ?? {};
}

/** A url, or words such as `dbname=app host=localhost`. */
function connectionOf(datasource: string | undefined) {
  if (datasource === undefined || datasource === '') return null;
  if (/^postgres(?:ql)?:/.test(datasource)) return { url: datasource };
  const words = new Map([...datasource.matchAll(/(\w+)=('[^']*'|\S+)/g)].map(([, key = '', value = '']) => [key, value.replaceAll("'", '')])); // prettier-ignore
  const port = words.get('port');
  const named = { host: 'host', dbname: 'database', user: 'user', password: 'password' };
  const texts = Object.entries(named).flatMap(([word, key]) => {
    const value = words.get(word);
    return value === undefined ? [] : [[key, value] as const];
  });
  return { ...Object.fromEntries(texts), ...(port === undefined ? {} : { port: Number(port) }) };
}
