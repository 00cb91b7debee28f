import { LockkeeperError } from '../../core/errors.js';
import { emptyMetadata, type TransactionMode } from '../../migration/metadata.js';
import type { CodeScript, MigrationFile } from '../../migration/migration.js';
import { type Exports, type ForeignModule, readForeignCode, readWithPackage } from '../foreign-code.js';
import type { SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { assembleMigration, type Outcome, unusable } from '../outcome.js';
import type { SourceReading } from '../reading.js';
import { knexRecord } from './history.js';
import { run } from './run.js';
import { type KnexSettings, settingsOf } from './settings.js';

export async function readKnexMigrations(
  files: readonly MigrationFile[],
  options: SourceOptions,
  project: SourceProject,
): Promise<SourceReading> {
  const settings = settingsOf(options, project.root);
  const { base } = settings;
  return await readWithPackage({ base, name: 'knex' }, files, () =>
    readForeignCode(files, project, (module) => interpret(module, settings)),
  );
}

function interpret({ file, shown, exports }: ForeignModule, settings: KnexSettings): Outcome {
  const { up, down } = exports;
  if (typeof up !== 'function' || typeof down !== 'function') return unusable([withoutBoth(shown)]);
  const transaction = transactionOf(exports, settings);
  const script = (work: CallableFunction): CodeScript => ({
    kind: 'code',
    file: shown,
    ownConnection: false,
    run: (db) => run(db, work, { settings, transaction }),
  });
  const parts = {
    metadata: { ...emptyMetadata, transaction },
    up: script(up),
    down: script(down),
    validateBefore: null,
    validateAfter: null,
  };
  const migration = assembleMigration(file, parts, {
    foreign: knexRecord(settings, file.foreignKey ?? file.version),
    // Knex runs a batch on one connection, and puts nothing back between two migrations.
    keepsSession: true,
  });
  return { migration, problems: [], warnings: [] };
}

/** `exports.config = { transaction }` wins over the knexfile's `disableTransactions`, whichever way. */
function transactionOf(exports: Exports, { disableTransactions }: KnexSettings): TransactionMode {
  const config = exports['config'] as Exports | null | undefined;
  const own = config?.['transaction'];
  return (typeof own === 'boolean' ? own : !disableTransactions) ? 'auto' : 'none';
}

function withoutBoth(shown: string): LockkeeperError {
  return new LockkeeperError('MIGRATION_SHAPE_INVALID', {
    message: `"${shown}" does not export both an "up" and a "down" function, which Knex wants of every migration.`,
    hint: 'Export both; a "down" that cannot take anything back may throw an error that says why.',
    location: { file: shown, line: 1, column: 1 },
  });
}
