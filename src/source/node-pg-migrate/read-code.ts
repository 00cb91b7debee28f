import { emptyMetadata, type TransactionMode } from '../../migration/metadata.js';
import type { MigrationFile } from '../../migration/migration.js';
import { seemsToCommit } from '../bare-commit.js';
import type { SourceProject } from '../list.js';
import { type Exports, exportOf } from '../module-exports.js';
import { shapeError } from '../module-shape.js';
import { assembleMigration, type Outcome, unusable } from '../outcome.js';
import { shownPath } from '../shown-path.js';
import { unfilledNote } from '../unfilled.js';
import { createRecord } from './history.js';
import { type Action, asksForNoTransaction, type BuilderClass, scriptOf, type Shorthands } from './run.js';
import type { NodePgMigrateSettings } from './settings.js';

/** A module that was loaded, and what is known around it. */
export interface LoadedFile {
  readonly module: Exports;
  readonly text: string;
  /** Those of all files before it, and its own. */
  readonly shorthands: Shorthands;
  readonly MigrationBuilder: BuilderClass;
}

export function readCode(
  file: MigrationFile,
  loaded: LoadedFile,
  { root, settings }: Pick<SourceProject, 'root'> & { readonly settings: NodePgMigrateSettings },
): Outcome {
  const shown = shownPath(file.path, root);
  const { module, text, shorthands, MigrationBuilder } = loaded;
  const up = exportOf(module, 'up');
  if (!isAction(up)) return unusable([noUp(up, shown)]);
  const said = exportOf(module, 'down');
  // Without a way down the library turns the way up round; `down = false` says that there is none.
  const reverse = said === undefined || said === up;
  const down = reverse ? up : said;
  const common = { MigrationBuilder, shorthands, decamelize: settings.decamelize, shown };
  const about = { ...common, schemas: settings.schemas };
  const way = (
    action: Action,
    other: unknown,
  ): { readonly action: Action; readonly transaction: boolean } => ({
    action,
    transaction:
      !seemsToCommit(action.toString()) &&
      !asksForNoTransaction(action, isAction(other) ? other : null, text),
  });
  const upWay = way(up, down);
  const downWay = isAction(down) ? way(down, up) : null;
  const read = {
    metadata: {
      ...emptyMetadata,
      transaction: modeOf(upWay),
      transactionDown: modeOf(downWay ?? upWay),
      irreversible: said === false ? 'its file says down = false' : null,
    },
    up: scriptOf({ ...about, ...upWay, reverse: false }),
    down: downWay === null ? null : scriptOf({ ...about, ...downWay, reverse }),
    validateBefore: null,
    validateAfter: null,
  };
  const foreign = createRecord(settings, file.foreignKey ?? file.version);
  const migration = assembleMigration(file, read, { foreign, keepsSession: true });
  return { migration, problems: [], warnings: unfilledNote({ up, down: said }, shown) };
}

const modeOf = ({ transaction }: { readonly transaction: boolean }): TransactionMode =>
  transaction ? 'auto' : 'none';

const isAction = (value: unknown): value is Action => typeof value === 'function';

function noUp(up: unknown, shown: string): ReturnType<typeof shapeError> {
  const what = up === undefined ? 'it exports no "up".' : `its "up" is ${JSON.stringify(up)}.`;
  return shapeError(shown, what, 'Accepted: a function "up" that is given pgm, the MigrationBuilder.');
}
