import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import { inFile, problemAt } from '../../sql/position.js';
import { quoteLiteral } from '../../sql/quote.js';
import type { FormatRequest } from '../format.js';
import { readGivenTexts } from '../given.js';
import type { FormatSettings } from '../options.js';
import { shownPath } from '../shown-path.js';
import { compareNumbers, namesIn } from './folder.js';
import { isoMoment, rowText } from './table.js';
import { type ParsedFile, type SqlTool, sqlToolFormat, type ToolText } from './tool.js';

const table = 'graphile_migrate.migrations';

const tool: SqlTool = {
  name: 'graphile-migrate',
  title: 'graphile-migrate',
  configure: async (request) => {
    const { root, dir, given } = request;
    readGivenTexts(given, [], 'graphile-migrate');
    const file = ['.gmrc', '.gmrc.js', '.gmrc.cjs']
      .map((name) => join(root, name))
      .find((path) => existsSync(path));
    const config = file === undefined ? {} : await readConfig(file, request);
    const folder = dir ?? resolve(root, typeof config['migrationsFolder'] === 'string' ? config['migrationsFolder'] : 'migrations'); // prettier-ignore
    const url = config['connectionString'] ?? request.variable('DATABASE_URL');
    return {
      file: file ?? null,
      dir: folder,
      settings: { placeholders: placeholdersOf(config, request) },
      connection: typeof url === 'string' ? { url } : null,
      warnings: [...ignoredKeys(config, shownPath(file ?? root, root)), ...currentNote(folder, root)],
    };
  },
  list: (listing, { dir, root }) => {
    const committed = join(dir, 'committed');
    const found = namesIn(committed, root, 'files').flatMap((name) => {
      const [, version, message = ''] = /^(\d+)(?:-([-\w]*))?\.sql$/.exec(name) ?? [];
      return version === undefined ? [] : [{ version, message, path: join(committed, name) }];
    });
    let previous: string | null = null;
    for (const { version, message, path } of found.toSorted((a, b) => compareNumbers(a.version, b.version))) {
      const shown = shownPath(path, root);
      const { hash, before } = readHeader(readFileSync(path, 'utf8'));
      if (before !== previous) {
        listing.refuse('MIGRATION_CHAIN_BROKEN', `"${shown}" names ${before ?? 'no hash'} as the one before it, which is ${previous ?? 'none'}.`, {
          hint: 'Bring the missing file back, or commit the migration again: graphile-migrate uncommit, then commit.',
          shown,
        }); // prettier-ignore
      }
      previous = hash;
      listing.add({ version, name: message, path, downPath: null, foreignKey: `${version}.sql` });
    }
  },
  parse: parseCommitted,
  history: () => ({
    tool: 'graphile-migrate',
    table,
    install: [
      'create schema if not exists graphile_migrate',
      `create table if not exists ${table} (hash text primary key, previous_hash text references ${table}, filename text not null, date timestamptz not null default now())`,
      `create table if not exists graphile_migrate.current (filename text primary key default 'current.sql', content text not null, date timestamptz not null default now())`,
    ],
    read: `select filename, hash, ${isoMoment('date')} as applied_at from ${table} order by filename`,
    entriesOf: (rows) =>
      rows.map((row) => {
        const key = rowText(row, 'filename');
        return {
          key,
          name: key,
          appliedAt: rowText(row, 'applied_at'),
          checksum: rowText(row, 'hash'),
          state: 'applied',
        };
      }),
    readBatch: null,
    // GRAPHILE MIGRATE on the keys of a telephone.
    lock: { kind: 'advisory', key: '4727445306447283' },
  }),
  record: ({ key }, { up }) => {
    const { hash, before } = readHeader(up);
    const text = (value: string | null): string => (value === null ? 'null' : quoteLiteral(value));
    return {
      checksum: hash,
      applied: () => [
        `insert into ${table} (hash, previous_hash, filename) values (${text(hash)}, ${text(before)}, ${quoteLiteral(key)})`,
      ],
      undone: () => [`delete from ${table} where filename = ${quoteLiteral(key)}`],
    };
  },
};

export const graphileMigrate = sqlToolFormat(tool);

interface Header {
  readonly hash: string | null;
  /** Of the migration before it; null for the first. */
  readonly before: string | null;
  readonly allowsInvalid: boolean;
  readonly body: string;
}

function readHeader(text: string): Header {
  const lines = text.split('\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, key, value = ''] = /^--! ([A-Z]\w*)(?::(.*))?$/.exec(line) ?? [];
    if (key === undefined) break;
    headers.set(key, value.trim());
  }
  const before = headers.get('Previous');
  return {
    hash: headers.get('Hash') ?? null,
    before: before === undefined || before === '-' ? null : before,
    allowsInvalid: headers.has('AllowInvalidHash'),
    body: `${lines.slice(headers.size).join('\n').trim()}\n`,
  };
}

function parseCommitted(
  { text, file }: ToolText,
  _: ToolText | null,
  { settings }: { readonly settings: FormatSettings },
): ParsedFile {
  const { hash, before, allowsInvalid, body } = readHeader(text);
  const [algorithm = ''] = hash?.split(':', 1) ?? [];
  const problems: LockkeeperError[] = [];
  const refuse = (message: string, hint: string): void => {
    const location = { offset: 0, message, hint };
    problems.push(inFile(problemAt('MIGRATION_CHAIN_BROKEN', text, location), file, 0));
  };
  if (hash === null || !/^(?:sha1|sha256|sha512|md5)$/.test(algorithm)) {
    refuse(
      `"${file}" has no line "--! Hash: sha1:…".`,
      'Files in "committed" are written by graphile-migrate commit.',
    );
  } else if (!allowsInvalid && hash !== hashOf(body, before, algorithm)) {
    refuse(`"${file}" was changed after it was committed: its text does not have the hash that it names.`, 'Undo the change, and write a new migration; or say that it is meant, with a line "--! AllowInvalidHash" below the other headers.'); // prettier-ignore
  }
  const replaced = replacePlaceholders(text, settings);
  return {
    up: replaced,
    down: null,
    transaction: /^--! no-transaction\b/m.test(text) ? 'none' : 'auto',
    problems,
  };
}

const hashOf = (body: string, before: string | null, algorithm: string): string =>
  `${algorithm}:${createHash(algorithm)
    .update(`${`${before ?? ''}\n${body.trim()}`.trim()}\n`)
    .digest('hex')}`;

function replacePlaceholders(text: string, settings: FormatSettings): string {
  const values = (settings['placeholders'] ?? {}) as Readonly<Record<string, string>>;
  const names = Object.keys(values);
  if (names.length === 0) return text;
  const escaped = names.map((name) => name.replaceAll(/[-/\\^$*+?.()|[\]{}]/g, String.raw`\$&`));
  return text.replaceAll(new RegExp(`(?:${escaped.join('|')})\\b`, 'g'), (name) => values[name] ?? '');
}

type Config = Readonly<Record<string, unknown>>;

/** `.gmrc` is JSON with comments and commas at the end. @throws {CONFIG_INVALID} {CONFIG_NOT_LOADED} */
async function readConfig(file: string, { load, root }: FormatRequest): Promise<Config> {
  if (!file.endsWith('.gmrc')) return (await load(file)) as Config;
  const text = readFileSync(file, 'utf8').replaceAll(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, kept?: string) => kept ?? ''); // prettier-ignore
  try {
    return JSON.parse(text.replaceAll(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, (_, kept?: string) => kept ?? '')) as Config; // prettier-ignore
  } catch (cause) {
    throw new LockkeeperError('CONFIG_INVALID', {
      message: `"${shownPath(file, root)}" is no JSON: ${(cause as Error).message}.`,
      hint: 'Keys and texts stand in double quotes; comments are allowed.',
      cause,
    });
  }
}

function placeholdersOf(config: Config, { variable }: FormatRequest): Readonly<Record<string, string>> {
  const url = config['connectionString'] ?? variable('DATABASE_URL');
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : null;
  const database = parsed === null ? '' : decodeURIComponent(parsed.pathname.slice(1));
  const owner = parsed === null ? '' : decodeURIComponent(parsed.username);
  const own = {
    ...(database === '' ? {} : { ':DATABASE_NAME': database }),
    ...(owner === '' && database === '' ? {} : { ':DATABASE_OWNER': owner === '' ? database : owner }),
  };
  const said = Object.entries((config['placeholders'] ?? {}) as Record<string, unknown>).map(
    ([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return [name, text === '!ENV' ? (variable(name.replace(/^:/, '')) ?? '') : text] as const;
    },
  );
  return { ...own, ...Object.fromEntries(said) };
}

const known = new Set(['connectionString', 'placeholders', 'migrationsFolder', '$schema']);
const indifferent = new Set(['shadowConnectionString', 'rootConnectionString', 'manageGraphileMigrateSchema', 'blankMigrationContent', 'logger', '//generatedWith']); // prettier-ignore

function ignoredKeys(config: Config, shown: string): readonly Warning[] {
  const isEmpty = (value: unknown): boolean =>
    value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
  return Object.entries(config)
    .filter(([key, value]) => !known.has(key) && !indifferent.has(key) && !isEmpty(value))
    .map(([key]) => ({
      code: 'setting-unsupported',
      message: `${shown}: "${key}" has no effect here: actions and session settings of graphile-migrate are not run.`,
    }));
}

/** What is still being written is not part of the history yet. */
function currentNote(folder: string, root: string): readonly Warning[] {
  const path = join(folder, 'current.sql');
  const isEmpty = !existsSync(path) || !statSync(path).isFile() || /^\s*(?:--[^\n]*\n?\s*)*$/.test(readFileSync(path, 'utf8')); // prettier-ignore
  if (isEmpty) return [];
  return [
    {
      code: 'current-not-run',
      message: `${shownPath(path, root)} is not run: it is not committed yet.`,
      hint: 'graphile-migrate commit makes a migration of it.',
    },
  ];
}
