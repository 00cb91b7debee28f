import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { quoteLiteral } from '../../sql/quote.js';
import { readDieselSettings } from '../diesel.js';
import { LockkeeperError } from '../../core/errors.js';
import { readGivenTexts } from '../given.js';
import { shownPath } from '../shown-path.js';
import { parseToml, TomlError, type TomlValue } from '../toml.js';
import { namesIn } from './folder.js';
import { isoMoment, rowText } from './table.js';
import { type SqlTool, sqlToolFormat } from './tool.js';

const table = '__diesel_schema_migrations';

const tool: SqlTool = {
  name: 'diesel',
  title: 'Diesel',
  configure: ({ root, dir, given, variable }) => {
    readGivenTexts(given, [], 'diesel');
    const file = join(root, 'diesel.toml');
    const said = existsSync(file) ? migrationsFolder(file, root) : null;
    const url = variable('DATABASE_URL');
    return {
      file: existsSync(file) ? file : null,
      dir: dir ?? resolve(root, variable('MIGRATION_DIRECTORY') ?? said ?? 'migrations'),
      settings: {},
      connection: url === undefined ? null : { url },
      warnings: [],
    };
  },
  list: (listing, { dir, root }) => {
    const folders = namesIn(dir, root, 'folders').flatMap((name) => {
      const [head = ''] = name.split('_', 1);
      const version = head.replaceAll('-', '');
      return /^\d+$/.test(version) ? [{ name, version, rest: name.slice(head.length + 1) }] : [];
    });
    // Diesel compares versions as texts.
    for (const { name, version, rest } of folders.toSorted((a, b) =>
      a.version < b.version ? -1 : a.version > b.version ? 1 : 0,
    )) {
      // prettier-ignore
      const path = join(dir, name, 'up.sql');
      const downPath = join(dir, name, 'down.sql');
      if (!existsSync(path)) {
        const shown = shownPath(join(dir, name), root);
        listing.refuse('MIGRATION_NAME_INVALID', `The folder "${shown}" holds no up.sql.`, {
          hint: 'Put its SQL into up.sql (and down.sql), or remove the folder.',
          shown,
        });
        continue;
      }
      listing.add({ version, name: rest, path, downPath: existsSync(downPath) ? downPath : null, foreignKey: version }); // prettier-ignore
    }
  },
  parse: (up, down, { file }) => {
    const { transaction, warnings } = readDieselSettings(file.path, up.file);
    return { up: up.text, down: down?.text ?? null, transaction, warnings };
  },
  history: () => ({
    tool: 'Diesel',
    table,
    install: [
      `create table if not exists ${table} (version varchar(50) primary key not null, run_on timestamp not null default current_timestamp)`,
    ],
    read: `select version, ${isoMoment('run_on')} as applied_at from ${table} order by version`,
    entriesOf: (rows) =>
      rows.map((row) => {
        const key = rowText(row, 'version');
        return { key, name: key, appliedAt: rowText(row, 'applied_at'), checksum: null, state: 'applied' };
      }),
    readBatch: null,
    lock: null,
  }),
  record: ({ key }) => ({
    checksum: null,
    applied: () => [`insert into ${table} (version) values (${quoteLiteral(key)})`],
    undone: () => [`delete from ${table} where version = ${quoteLiteral(key)}`],
  }),
  create: (dir, { name, now, up, down }) => {
    const stamp = now.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
    const folder = join(dir, `${stamp}_${name}`);
    return [
      { path: join(folder, 'up.sql'), content: up },
      { path: join(folder, 'down.sql'), content: down ?? '' },
    ];
  },
};

export const diesel = sqlToolFormat(tool);

/** @throws {CONFIG_INVALID} for what is no TOML. */
function migrationsFolder(file: string, root: string): string | null {
  try {
    const section = parseToml(readFileSync(file, 'utf8'))['migrations_directory'];
    const dir: TomlValue | undefined =
      typeof section === 'object' && 'dir' in section ? section['dir'] : undefined;
    return typeof dir === 'string' ? dir : null;
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw new LockkeeperError('CONFIG_INVALID', {
      message: `"${shownPath(file, root)}" is no TOML: ${cause.message}`,
      hint: 'Correct that line.',
      location: { file: shownPath(file, root), line: cause.line, column: 1 },
    });
  }
}
