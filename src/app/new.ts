import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { isLockkeeperError, LockkeeperError } from '../core/errors.js';
import { didYouMean, joinWords } from '../core/text.js';
import type { MigrationFile } from '../migration/migration.js';
import { shownPath } from '../source/shown-path.js';
import { createSource } from '../source/source.js';
import type { NewOptions, NewReport, TemplateName } from './lockkeeper.js';
import { parseColumn, renderColumn, type Column } from './templates/column.js';
import {
  renderSqlFile,
  renderSqlPair,
  renderTypeScript,
  renderTypeScriptFunctions,
} from './templates/file-text.js';
import { guessFromName, type Guess } from './templates/guess.js';
import { parseTableName, type TableName } from './templates/identifier.js';
import { toMigrationName, toTitle } from './templates/migration-name.js';
import { nextVersion } from './templates/next-version.js';
import { fillOwnTemplate, listOwnTemplates } from './templates/own-template.js';
import { alterTable, createIndex, createTable, raw, type SqlTexts } from './templates/sql-template.js';

/** A file to be written: what follows the version in its name, and its text. */
interface NewFile {
  readonly ending: string;
  readonly text: string;
}

/** Everything that decides about the text of a new migration. */
interface Order {
  readonly name: string;
  readonly version: string;
  readonly format: 'sql' | 'ts';
  readonly template: string;
  readonly table: TableName | null;
  readonly columns: readonly Column[];
  /** The folder's SQL files are pairs of .up.sql and .down.sql. */
  readonly pair: boolean;
}

const builtIn: readonly TemplateName[] = ['create-table', 'alter-table', 'create-index', 'raw', 'empty'];

/**
 * Writes a new migration into the first migrations folder, in that folder's own form, and makes the folder when it is not
 * there.
 * @throws {MIGRATION_NAME_INVALID} {TEMPLATE_INVALID} {FILE_EXISTS} {USAGE_INVALID}
 */
export async function newMigration(
  config: ResolvedConfig,
  context: Context,
  options: NewOptions,
): Promise<NewReport> {
  const [source] = config.sources;
  if (source === undefined || source.format === 'native') return createMigration(config, context, options);
  const name = toMigrationName(options.name);
  if (options.format !== undefined) throw formatIsGiven(source.format);
  const chosen = chooseTemplate(config, name, { ...options, format: 'sql' });
  const [file] = renderFiles(config, { ...chosen, name, version: '', format: 'sql', pair: false });
  const { createForeignMigration } = await import('./new-foreign.js');
  return await createForeignMigration(source, { config, context, name, text: file?.text ?? '' });
}

/** The same in a native folder. */
export function createMigration(config: ResolvedConfig, context: Context, options: NewOptions): NewReport {
  const [source] = config.sources;
  if (source === undefined) throw noFolder();
  const name = toMigrationName(options.name);
  const existing = listExisting(source, config.root);
  const format = options.format ?? templateFormat(config, options) ?? source.writes ?? newestFormat(existing);
  const order: Order = {
    ...chooseTemplate(config, name, { ...options, format }),
    name,
    version: nextVersion(
      existing.filter((file) => !file.version.startsWith('R__')).map((file) => file.version),
      context.now(),
    ),
    format,
    pair: usesPairs(existing),
  };
  const files = renderFiles(config, order);
  const paths = files.map(({ ending }) => join(source.dir, `${order.version}_${name}${ending}`));
  mkdirSync(source.dir, { recursive: true });
  writeAll(paths, files);
  const shown = paths.map((path) => shownPath(path, config.root));
  return { version: order.version, name, files: shown };
}

/** A template of the project's own that is there in one language only is meant in that language. */
function templateFormat(config: ResolvedConfig, { template }: NewOptions): 'sql' | 'ts' | undefined {
  if (template === undefined || builtIn.some((name) => name === template)) return undefined;
  const dir = templatesFolder(config);
  const found = (['sql', 'ts'] as const).filter((format) => listOwnTemplates(dir, format).includes(template));
  return found.length === 1 ? found[0] : undefined;
}

/** A folder goes on in the language that its newest versioned migration is written in; an empty one begins with SQL. */
function newestFormat(existing: readonly MigrationFile[]): 'sql' | 'ts' {
  const newest = existing.findLast((file) => !file.repeatable);
  return newest?.format === 'typescript' ? 'ts' : 'sql';
}

/** The template asked for or guessed, with the table and the columns it is to be about. */
function chooseTemplate(
  config: ResolvedConfig,
  name: string,
  options: NewOptions & Pick<Order, 'format'>,
): Pick<Order, 'template' | 'table' | 'columns'> {
  const columns = (options.columns ?? []).map(parseColumn);
  const guess = guessFromName(name);
  const explicit = options.template;
  if (explicit !== undefined) assertTemplate(config, explicit, options.format);
  const template = explicit ?? guessTemplate(guess, options);
  const word = options.table ?? (guess.table !== null && guess.table !== '' ? guess.table : null);
  const table = word === null ? null : parseTableName(word);
  if (columns.length > 0 && explicit === undefined && template === 'raw') {
    throw new LockkeeperError('TEMPLATE_INVALID', {
      message: `Columns were given, and the name "${name}" does not tell for which table.`,
      hint: 'Name it: --table users',
      details: { option: 'table' },
    });
  }
  const mentioned =
    columns.length === 0 && template === 'create-index' ? guess.columns.map(parseColumn) : columns;
  assertDistinct(mentioned);
  return { template, table, columns: mentioned };
}

/** Columns for a table that was named make a migration of that table, whatever the migration is called. */
function guessTemplate(guess: Guess, options: NewOptions): TemplateName {
  if (guess.template !== 'raw' || options.table === undefined) return guess.template;
  return options.columns === undefined || options.columns.length === 0 ? 'raw' : 'alter-table';
}

function assertTemplate(config: ResolvedConfig, template: string, format: 'sql' | 'ts'): void {
  const own = listOwnTemplates(templatesFolder(config), format);
  const known = [...builtIn, ...own];
  if (known.includes(template)) return;
  throw new LockkeeperError('TEMPLATE_INVALID', {
    message: `There is no template "${template}" for ${format} files.${didYouMean(template, known)}`,
    hint: `Known templates: ${joinWords(known)}. Your own lie in ${shownPath(templatesFolder(config), config.root)}.`,
    details: { option: 'template', template },
  });
}

function assertDistinct(columns: readonly Column[]): void {
  const names = columns.map((column) => column.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new LockkeeperError('TEMPLATE_INVALID', {
    message: `The column "${twice}" is given twice.`,
    hint: 'Leave one of them out.',
    details: { option: 'column', column: twice },
  });
}

function renderFiles(config: ResolvedConfig, order: Order): NewFile[] {
  const { format, template, name } = order;
  const dir = templatesFolder(config);
  if (listOwnTemplates(dir, format).includes(template)) {
    const text = fillOwnTemplate(dir, `${template}.${format}`, {
      name,
      version: order.version,
      table: order.table?.sql ?? null,
      columns: order.columns.length === 0 ? null : order.columns.map(renderColumn).join(',\n  '),
    });
    return [{ ending: `.${format}`, text }];
  }
  const title = toTitle(name);
  const texts = renderSql(order);
  if (format === 'ts') {
    const text = template === 'empty' ? renderTypeScriptFunctions(title) : renderTypeScript(title, texts);
    return [{ ending: '.ts', text }];
  }
  if (!order.pair) return [{ ending: '.sql', text: renderSqlFile(title, texts) }];
  const [up, down] = renderSqlPair(title, texts);
  return [
    { ending: '.up.sql', text: up },
    { ending: '.down.sql', text: down },
  ];
}

function renderSql(order: Order): SqlTexts {
  switch (order.template) {
    case 'create-table':
      return createTable(order);
    case 'alter-table':
      return alterTable(order);
    case 'create-index':
      return createIndex(order);
    case 'empty':
      return { up: '', down: '' };
    default:
      return raw();
  }
}

function templatesFolder(config: ResolvedConfig): string {
  return config.templatesDir ?? join(config.root, 'lockkeeper', 'templates');
}

/** A folder that is not there yet holds nothing. Files with problems are the business of `verify`. */
function listExisting(source: ResolvedConfig['sources'][number], root: string): readonly MigrationFile[] {
  try {
    return createSource(source, { root }).list().files;
  } catch (error) {
    if (isLockkeeperError(error, 'MIGRATIONS_DIR_MISSING') && error.cause === undefined) return [];
    throw error;
  }
}

function usesPairs(existing: readonly MigrationFile[]): boolean {
  const sql = existing.filter((file) => file.format === 'sql' && !file.repeatable);
  return sql.length > 0 && sql.every((file) => file.path.endsWith('.up.sql'));
}

/** Writes all or nothing, and never over a file. */
function writeAll(paths: readonly string[], files: readonly NewFile[]): void {
  const written: string[] = [];
  for (const [index, path] of paths.entries()) {
    try {
      writeFileSync(path, files[index]?.text ?? '', { flag: 'wx' });
      written.push(path);
    } catch (cause) {
      for (const done of written) rmSync(done);
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      throw new LockkeeperError('FILE_EXISTS', {
        message: `The file "${basename(path)}" exists already.`,
        hint: 'Choose another name, or run the command again a second later.',
        details: { file: path },
      });
    }
  }
}

function formatIsGiven(format: string): LockkeeperError {
  return new LockkeeperError('USAGE_INVALID', {
    message: `The folder holds migrations of ${format}, and a new one is written as its own.`,
    hint: 'Leave --format out. For native SQL or TypeScript, put a native folder first under "migrations".',
    details: { option: 'format' },
  });
}

function noFolder(): LockkeeperError {
  return new LockkeeperError('MIGRATIONS_DIR_MISSING', {
    message: 'No migrations folder is configured.',
    hint: 'Set "migrations" in the configuration.',
  });
}
