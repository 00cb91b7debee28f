import type { LockkeeperError } from '../../core/errors.js';
import type { MigrationDatabase } from '../../migration/database.js';
import { emptyMetadata } from '../../migration/metadata.js';
import type { CodeScript, MigrationFile, Script, SqlScript } from '../../migration/migration.js';
import { assembleMigration, type Outcome, unusable } from '../outcome.js';
import { readingOf, type SourceReading } from '../reading.js';
import { emptySql, sqlScriptOf } from '../sql-text.js';
import type { Gathered } from './context.js';
import { changesetKey, liquibaseRecord, type ExecType } from './history.js';
import { layOut } from './lay-out.js';
import type { Changeset, ChangeSql } from './model.js';
import { holdsWithout, isKnown, judge, type PreconditionSet } from './precondition.js';
import type { LiquibaseSettings } from './settings.js';

/** Makes migrations of these changesets. */
export function readLiquibase(
  files: readonly MigrationFile[],
  gathered: Gathered,
  settings: LiquibaseSettings,
): SourceReading {
  const byKey = new Map(gathered.changesets.map((changeset) => [changesetKey(changeset), changeset]));
  const before = new ChangelogPreconditions(gathered.preconditions);
  const outcomes = files.map((file): Outcome => {
    const changeset = byKey.get(file.version);
    return changeset === undefined ? unusable([]) : readOne(file, changeset, { settings, before });
  });
  const reading = readingOf(outcomes);
  return { ...reading, warnings: [...gathered.warnings, ...reading.warnings] };
}

interface About {
  readonly settings: LiquibaseSettings;
  readonly before: ChangelogPreconditions;
}

function readOne(file: MigrationFile, changeset: Changeset, { settings, before }: About): Outcome {
  const up = scriptOf(changeset.up, changeset);
  const down = changeset.down === null ? null : scriptOf(changeset.down, changeset);
  const problems = [...up.problems, ...(down?.problems ?? [])];
  if (problems.length > 0) return unusable(problems);
  const guard = new Guard(changeset, before);
  const parts = {
    metadata: {
      ...emptyMetadata,
      description: changeset.comments === '' ? null : changeset.comments,
      author: changeset.author,
      repeatable: file.repeatable,
      transaction: changeset.runInTransaction ? ('auto' as const) : ('none' as const),
      release: changeset.tag,
    },
    up: guard.around(up.script),
    down: down?.script ?? null,
    validateBefore: null,
    validateAfter: null,
  };
  const foreign = liquibaseRecord(changeset, settings, () => guard.execType);
  // Liquibase runs everything on one connection, and never resets it.
  const migration = assembleMigration(file, parts, { foreign, keepsSession: true });
  return { migration, problems: [], warnings: warningsOf(changeset) };
}

function scriptOf(
  pieces: readonly ChangeSql[],
  { place }: Changeset,
): { readonly script: SqlScript; readonly problems: readonly LockkeeperError[] } {
  const { script, problems } = sqlScriptOf(layOut(pieces, place));
  return { script: script ?? emptySql(place.file), problems };
}

function warningsOf({ failOnError, place, id, author }: Changeset): Outcome['warnings'] {
  if (failOnError !== false) return [];
  return [
    {
      code: 'setting-ignored',
      message: `${place.file}:${place.line}: the changeset ${author}:${id} says failOnError false; a failure of it ends the run here.`,
      hint: 'Liquibase would leave it pending and go on behind it.',
    },
  ];
}

/** Those of changelogs: looked at once, before the first changeset that runs. */
class ChangelogPreconditions {
  readonly #sets: readonly PreconditionSet[];
  #looked = false;

  constructor(sets: readonly PreconditionSet[]) {
    this.#sets = sets.filter(({ check }) => !isKnown(check) || !holdsWithout(check));
  }

  get isEmpty(): boolean {
    return this.#sets.length === 0;
  }

  async judge(db: MigrationDatabase, how: { readonly inTransaction: boolean }): Promise<void> {
    if (this.#looked) return;
    for (const set of this.#sets)
      await judge({ ...set, onFail: set.onFail === 'WARN' ? 'WARN' : 'HALT' }, db, how);
    this.#looked = true;
  }
}

/** Preconditions ask the server, so that a changeset with some is code: it looks first, and then sends its SQL. */
class Guard {
  readonly #changeset: Changeset;
  readonly #before: ChangelogPreconditions;
  execType: ExecType = 'EXECUTED';

  constructor(changeset: Changeset, before: ChangelogPreconditions) {
    this.#changeset = changeset;
    this.#before = before;
  }

  around(script: SqlScript): Script {
    const { preconditions, runInTransaction } = this.#changeset;
    const own =
      preconditions !== null && !(isKnown(preconditions.check) && holdsWithout(preconditions.check));
    if (!own && this.#before.isEmpty) return script;
    // In front of it stand as many lines as in the file, so that a message names the line of the file.
    const text = `${'\n'.repeat(script.lineOffset)}${script.text}`;
    const run: CodeScript['run'] = async (db) => {
      await this.#before.judge(db, { inTransaction: runInTransaction });
      if (own && preconditions !== null) {
        const verdict = await judge(preconditions, db, { inTransaction: runInTransaction });
        this.execType = verdict === 'mark-ran' ? 'MARK_RAN' : 'EXECUTED';
      }
      if (this.execType === 'EXECUTED' && script.statements.length > 0) await db.exec(text);
    };
    return { kind: 'code', run, file: script.file, ownConnection: false };
  }
}
