import { LockkeeperError } from '../../core/errors.js';
import type { MigrationDatabase } from '../../migration/database.js';
import { emptyMetadata } from '../../migration/metadata.js';
import type { CodeScript, MigrationFile } from '../../migration/migration.js';
import { type ForeignModule, readForeignCode, readWithPackage } from '../foreign-code.js';
import type { SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { assembleMigration, type Outcome, unusable } from '../outcome.js';
import type { SourceReading } from '../reading.js';
import { kyselyRecord } from './history.js';
import { kyselyOver, withinTransaction } from './instance.js';
import { type KyselySettings, settingsOf } from './settings.js';

export async function readKyselyMigrations(
  files: readonly MigrationFile[],
  options: SourceOptions,
  project: SourceProject,
): Promise<SourceReading> {
  const settings = settingsOf(options, project.root);
  const { base } = settings;
  return await readWithPackage({ base, name: 'kysely' }, files, () =>
    readForeignCode(files, project, (module) => interpret(module, settings)),
  );
}

function interpret({ file, shown, exports }: ForeignModule, settings: KyselySettings): Outcome {
  const { up, down } = exports;
  if (typeof up !== 'function') return unusable([withoutUp(shown)]);
  const script = (work: CallableFunction): CodeScript => ({
    kind: 'code',
    file: shown,
    ownConnection: false,
    run: (db) => run(db, work, settings),
  });
  const parts = {
    metadata: { ...emptyMetadata, transaction: settings.disableTransactions ? 'none' : 'auto' } as const,
    up: script(up),
    down: typeof down === 'function' ? script(down) : null,
    validateBefore: null,
    validateAfter: null,
  };
  const migration = assembleMigration(file, parts, {
    foreign: kyselyRecord(settings, file.foreignKey ?? file.version),
    // Kysely runs all of them on one connection.
    keepsSession: true,
  });
  return { migration, problems: [], warnings: [] };
}

async function run(
  { client }: MigrationDatabase,
  work: CallableFunction,
  settings: KyselySettings,
): Promise<void> {
  if (settings.disableTransactions) await work(kyselyOver(client, settings));
  else await withinTransaction(client, settings, (trx) => work(trx));
}

function withoutUp(shown: string): LockkeeperError {
  return new LockkeeperError('MIGRATION_SHAPE_INVALID', {
    message: `"${shown}" exports no "up" function.`,
    hint: 'Export "up", and "down" where there is a way back; or move the file out of the folder.',
    location: { file: shown, line: 1, column: 1 },
  });
}
