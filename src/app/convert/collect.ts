import type { ResolvedConfig } from '../../config/resolved.js';
import type { Context, SentText } from '../../core/context.js';
import { Events } from '../../core/events.js';
import { isLockkeeperError, LockkeeperError } from '../../core/errors.js';
import type { Direction } from '../../core/report.js';
import { executePlan, MigrationFailedError } from '../../execute/index.js';
import { emptyHistory } from '../../history/index.js';
import { type Migration, migrationKey } from '../../migration/migration.js';
import { compareState } from '../../plan/state.js';
import { listProject, throwProblems } from '../migrations.js';
import { planRun } from '../plan-run.js';
import { createRun, prepareToRun } from '../prepare.js';
import type { Locked } from '../prepare-read.js';
import { withDatabase } from '../session.js';
import { dumpOf } from './dump.js';
import { type CollectedScript, SentStatements } from './sent-statements.js';

/** What the functions of migrations sent, by `migrationKey`; of SQL migrations nothing. */
export interface Collected {
  readonly up: ReadonlyMap<string, CollectedScript>;
  readonly down: ReadonlyMap<string, CollectedScript>;
  /** Ways back that failed, with what the server said. */
  readonly brokenDowns: ReadonlyMap<string, string>;
  /** The schema that all of them make; null where it could not be dumped. */
  readonly schema: string | null;
}

/**
 * Runs all migrations on a database that is thrown away, up in order and then down in reverse, and notes what their
 * functions send. A way back that fails there is told, and the ones before it are tried all the same.
 * @throws {MigrationFailedError} for a way up that fails.
 */
export async function collect(
  config: ResolvedConfig,
  context: Context,
  migrations: readonly Migration[],
): Promise<Collected> {
  let current: SentStatements | null = null;
  const onSent = (sent: SentText): void => current?.add(sent);
  const quiet: Context = { ...context, events: new Events(), onSent };
  return await withDatabase(config, quiet, async (opened) => {
    const prepared = await prepareToRun(config, quiet, opened);
    const { files } = await listProject(config);
    const state = compareState(files, emptyHistory);
    const run = async (migration: Migration, direction: Direction): Promise<CollectedScript> => {
      current = new SentStatements();
      await runOne(config, quiet, { migration, direction, prepared, state });
      return current.result();
    };
    const up = new Map<string, CollectedScript>();
    for (const migration of migrations) {
      const script = await run(migration, 'up');
      if (migration.up.kind === 'code') up.set(migrationKey(migration), script);
    }
    const schema = await dumpOf(config, opened.session.info.major);
    const down = new Map<string, CollectedScript>();
    const brokenDowns = new Map<string, string>();
    for (const migration of migrations.toReversed()) {
      if (migration.down === null) continue;
      try {
        const script = await run(migration, 'down');
        if (migration.down.kind === 'code') down.set(migrationKey(migration), script);
      } catch (error) {
        if (!isLockkeeperError(error) || opened.session.lost !== null) throw error;
        brokenDowns.set(migrationKey(migration), reasonOf(error));
      }
    }
    return { up, down, brokenDowns, schema };
  });
}

async function runOne(
  config: ResolvedConfig,
  context: Context,
  about: {
    readonly migration: Migration;
    readonly direction: Direction;
    readonly prepared: Locked;
    readonly state: ReturnType<typeof compareState>;
  },
): Promise<void> {
  const { migration, direction, prepared, state } = about;
  const script = direction === 'up' ? migration.up : migration.down;
  const { plan, problems } = await planRun({
    direction,
    candidates: [{ migration, script, stored: false }],
    state,
    session: prepared.opened.session,
    singleTransaction: false,
  });
  throwProblems(problems);
  try {
    await executePlan(createRun(config, context, { ...prepared, direction }), plan);
  } catch (error) {
    if (!(error instanceof MigrationFailedError) || direction === 'down') throw error;
    throw failedOnShadow(migration, error);
  }
}

function failedOnShadow(migration: Migration, error: MigrationFailedError): LockkeeperError {
  return new LockkeeperError('MIGRATION_FAILED', {
    message: `Migration ${migration.version} fails on an empty database, where it is run to see what it sends: ${reasonOf(error)}`,
    hint: 'A migration can be converted when it runs on a new database. Nothing was written.',
    ...(error.location === undefined ? {} : { location: error.location }),
    cause: error,
  });
}

const reasonOf = (error: LockkeeperError): string => error.message.replaceAll(/\s+/g, ' ').trim();
