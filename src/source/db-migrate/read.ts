import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { emptyMetadata } from '../../migration/metadata.js';
import type { MigrationFile } from '../../migration/migration.js';
import { seemsToCommit } from '../bare-commit.js';
import { importMigration } from '../import-migration.js';
import type { SourceProject } from '../list.js';
import { type Exports, exportOf } from '../module-exports.js';
import { createModuleLoader, type ModuleLoader } from '../module-loader.js';
import { shapeError } from '../module-shape.js';
import { assembleMigration, attemptAsync, type Outcome, unusable } from '../outcome.js';
import { readingOf, type SourceReading } from '../reading.js';
import { shownPath } from '../shown-path.js';
import { unfilledNote } from '../unfilled.js';
import { createRecord } from './history.js';
import { type DbMigrateLibrary, loadLibrary } from './library.js';
import { type Action, scriptOf, type Way } from './run.js';
import type { DbMigrateSettings } from './settings.js';

interface Reading {
  readonly root: string;
  readonly settings: DbMigrateSettings;
  readonly loader: ModuleLoader;
  readonly library: DbMigrateLibrary;
}

/** @throws {PACKAGE_MISSING} */
export async function readFiles(
  files: readonly MigrationFile[],
  { root }: SourceProject,
  settings: DbMigrateSettings,
): Promise<SourceReading> {
  if (files.length === 0) return { migrations: [], problems: [], warnings: [] };
  const reading = { root, settings, loader: createModuleLoader(root), library: loadLibrary(root, settings) };
  const outcomes: Outcome[] = [];
  for (const file of files) outcomes.push(await readOne(file, reading));
  return readingOf(outcomes);
}

async function readOne(file: MigrationFile, reading: Reading): Promise<Outcome> {
  const shown = shownPath(file.path, reading.root);
  return await attemptAsync(async () => {
    const module = await importMigration(file, shown, reading.loader);
    return assemble(file, module, { ...reading, shown });
  });
}

function assemble(
  file: MigrationFile,
  module: Exports,
  { settings, library, shown }: Reading & { readonly shown: string },
): Outcome {
  const [up, down] = [exportOf(module, 'up'), exportOf(module, 'down')];
  if (typeof up !== 'function') {
    const hint = 'Accepted: exports.up, a function that is given db and a callback.';
    return unusable([shapeError(shown, 'it exports no function "up".', hint)]);
  }
  const self = { name: file.version, title: file.name, path: file.path };
  const common = { setup: exportOf(module, 'setup'), library, schema: settings.schema, self, shown };
  const [upMode, downMode] = [modeOf(file, 'up', settings), modeOf(file, 'down', settings)];
  const read = {
    metadata: {
      ...emptyMetadata,
      transaction: upMode === 'ours' ? ('auto' as const) : ('none' as const),
      transactionDown: downMode === 'ours' ? ('auto' as const) : ('none' as const),
    },
    up: scriptOf({ ...common, action: up as Action, transaction: upMode }),
    down:
      typeof down === 'function'
        ? scriptOf({ ...common, action: down as Action, transaction: downMode })
        : null,
    validateBefore: null,
    validateAfter: null,
  };
  const foreign = createRecord(settings, file.version);
  const migration = assembleMigration(file, read, { foreign, keepsSession: true });
  return { migration, problems: [], warnings: unfilledNote({ up, down }, shown) };
}

/** A COMMIT of the migration's own ends the transaction that the tool has begun for it. */
function modeOf(
  { path, version }: MigrationFile,
  way: 'up' | 'down',
  { transaction }: DbMigrateSettings,
): Way['transaction'] {
  if (!transaction) return 'none';
  const beside = join(dirname(path), 'sqls', `${version}-${way}.sql`);
  const texts = [path, ...(existsSync(beside) ? [beside] : [])].map((each) => readFileSync(each, 'utf8'));
  return texts.some(seemsToCommit) ? 'tools' : 'ours';
}
