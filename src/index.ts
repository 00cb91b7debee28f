// The library. Grouped by what a reader looks for; nothing else of the package is reachable.

export { createLockkeeper } from './app/create-lockkeeper.js';
export type * from './app/lockkeeper.js';

export { defineConfig, type LockkeeperConfig } from './config/public.js';
export { defineMigration, type MigrationDefinition } from './migration/define.js';
export {
  backfill,
  type BackfillDefinition,
  type BackfillPace,
  type BackfillRow,
  type BackfillTransform,
  type BackfillWork,
} from './migration/backfill.js';
export { sql } from './migration/sql-tag.js';
export type { MigrationDatabase, QueryAnswer, RowSource, SqlFragment } from './migration/database.js';

export { isLockkeeperError, LockkeeperError, type ErrorJson, type SourceLocation } from './core/errors.js';
export type { ErrorCode, ExitCode } from './core/error-catalogue.js';
export { MigrationFailedError } from './execute/index.js';
export type { Blocker } from './core/blocker.js';
export type { EventMap, EventName, Listener, LockHolder } from './core/events.js';
export type {
  Direction,
  FailedMigration,
  MigrationReport,
  RunReport,
  StepReport,
  Warning,
} from './core/report.js';
export { packageVersion } from './core/version.js';
