import type { ResolvedConfig } from '../config/resolved.js';
import { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import {
  emptyHistory,
  type HistoryState,
  type HistoryTables,
  historyTables,
  type Installation,
  readHistory,
  readInstallation,
} from '../history/index.js';
import type { HeldForeignLocks } from '../execute/index.js';
import type { ForeignRun } from '../migration/foreign.js';
import type { RunLock } from './run-lock.js';
import type { Opened } from './session.js';

// What only reads is apart from what runs: `status` is called all day, and should load nothing else.

/** A database that is open and, for a run, locked, with its history read after the lock was taken. */
export interface Prepared {
  readonly opened: Opened;
  readonly tables: HistoryTables;
  readonly installation: Installation;
  readonly history: HistoryState;
  readonly warnings: readonly Warning[];
  /** By source: the runs of other tools whose histories are kept beside ours. */
  readonly foreign: ReadonlyMap<string, ForeignRun>;
  /** Keep those tools away; null where there is none, and for those who only read. */
  readonly foreignLocks: HeldForeignLocks | null;
  /** Null for those who only read. */
  readonly lock: RunLock | null;
}

/** The same under the lock. */
export interface Locked extends Prepared {
  readonly lock: RunLock;
}

/** Reads what is there and takes no lock; creates nothing. */
export async function prepareToRead(config: ResolvedConfig, opened: Opened): Promise<Prepared> {
  const tables = historyTables(config.history);
  const installation = await readInstallation(opened.session, tables);
  const history = installation.schemaVersion === 0 ? emptyHistory : await readHistory(opened.session, tables);
  const warnings = projectWarnings(config, installation);
  return {
    opened,
    tables,
    installation,
    history,
    warnings,
    foreign: new Map(),
    foreignLocks: null,
    lock: null,
  };
}

/**
 * What is worth a word before anything is read: the stamp, and other tools' settings without which a migration may do
 * something else. Those that change nothing are told by the verbs about the configuration: doctor, config and adopt.
 */
export function projectWarnings(config: ResolvedConfig, installation: Installation): readonly Warning[] {
  const weighty = config.warnings.filter(({ code }) => code !== 'setting-ignored');
  return [...weighty, ...stampWarnings(config, installation)];
}

/** An environment that is not the one the database was stamped with deserves a word, also before harmless verbs. */
function stampWarnings(config: ResolvedConfig, installation: Installation): readonly Warning[] {
  const { environment } = installation;
  if (environment === null || environment === config.environment.name) return [];
  return [
    {
      code: 'environment-mismatch',
      message: `This database says that it is "${environment}"; this command was started as "${config.environment.name}".`,
      hint: `Give --env ${environment}, or check the connection URL.`,
    },
  ];
}

/**
 * A wrong DATABASE_URL must not be able to reset production: destructive verbs work only as the environment that the
 * database was stamped with at its first run.
 * @throws {ENVIRONMENT_MISMATCH}
 */
export function assertEnvironment(config: ResolvedConfig, installation: Installation, verb: string): void {
  const { environment } = installation;
  if (environment === null || environment === config.environment.name) return;
  throw new LockkeeperError('ENVIRONMENT_MISMATCH', {
    message: `"${verb}" was refused: the database at hand says that it is "${environment}", and this command was started as "${config.environment.name}".`,
    hint: `Check the connection URL (lockkeeper config --explain). When it is the right database, start the command with --env ${environment}.`,
    details: { verb, database: environment, environment: config.environment.name },
  });
}
