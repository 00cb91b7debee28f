import { join, resolve } from 'node:path';
import { quoteLiteral } from '../../sql/quote.js';
import { inFile } from '../../sql/position.js';
import { splitSections, type SectionKind } from '../../migration/shape.js';
import { readGivenTexts } from '../given.js';
import { namesIn, stampOf } from './folder.js';
import { quoteTable, rowText, textOf } from './table.js';
import { type ParsedFile, type SqlTool, sqlToolFormat, type ToolText } from './tool.js';

const tool: SqlTool = {
  name: 'dbmate',
  title: 'dbmate',
  configure: ({ root, dir, given, variable }) => {
    const texts = readGivenTexts(given, ['migrationsTable'], 'dbmate');
    const url = variable('DATABASE_URL');
    return {
      file: null,
      dir: dir ?? resolve(root, variable('DBMATE_MIGRATIONS_DIR')?.split(',')[0] ?? 'db/migrations'),
      settings: {
        table: texts.migrationsTable ?? variable('DBMATE_MIGRATIONS_TABLE') ?? 'schema_migrations',
      },
      connection: url === undefined ? null : { url },
      warnings: [],
    };
  },
  list: (listing, { dir, root }) => {
    for (const name of namesIn(dir, root, 'files')) {
      const [, version] = /^(\d+).*\.sql$/.exec(name) ?? [];
      if (version === undefined) continue;
      const path = join(dir, name);
      const rest = name.slice(version.length).replace(/^[-_.]+/, '').replace(/\.sql$/, ''); // prettier-ignore
      listing.add({ version, name: rest, path, downPath: path, foreignKey: version });
    }
  },
  parse: parseDbmate,
  history: (settings) => {
    const table = quoteTable(textOf(settings, 'table', 'schema_migrations'));
    return {
      tool: 'dbmate',
      table,
      install: [`create table if not exists ${table} (version varchar primary key)`],
      read: `select version from ${table} order by version`,
      entriesOf: (rows) =>
        rows.map((row) => {
          const key = rowText(row, 'version');
          return { key, name: key, appliedAt: null, checksum: null, state: 'applied' };
        }),
      readBatch: null,
      lock: null,
    };
  },
  record: ({ key, settings }) => {
    const table = quoteTable(textOf(settings, 'table', 'schema_migrations'));
    return {
      checksum: null,
      applied: () => [`insert into ${table} (version) values (${quoteLiteral(key)})`],
      undone: () => [`delete from ${table} where version = ${quoteLiteral(key)}`],
    };
  },
  create: (dir, { name, now, up, down }) => [
    {
      path: join(dir, `${stampOf(now)}_${name}.sql`),
      content: `-- migrate:up\n${up.trimEnd()}\n\n-- migrate:down\n${down ?? ''}`,
    },
  ],
};

export const dbmate = sqlToolFormat(tool);

/** dbmate's markers are ours; a part that is not of the way keeps its lines, blank. */
function parseDbmate(up: ToolText): ParsedFile {
  const { sections, transaction, problems } = splitSections(up.text, 'up');
  const partOf = (kind: SectionKind): string | null => {
    const section = sections.find((each) => each.kind === kind);
    return section === undefined ? null : '\n'.repeat(section.lineOffset) + section.text;
  };
  return {
    up: partOf('up') ?? '',
    down: partOf('down'),
    transaction: transaction.up,
    transactionDown: transaction.down ?? 'auto',
    problems: problems.map((problem) => inFile(problem, up.file, 0)),
  };
}
