import { isLockkeeperError, type LockkeeperError } from '../core/errors.js';
import {
  type Backfill,
  type BackfillWork,
  definitionOf,
  isBackfillWork,
  resolveBackfill,
  statementOf,
} from '../migration/backfill.js';
import type { MigrationDatabase, SqlFragment } from '../migration/database.js';
import type { MigrationFunction } from '../migration/define.js';
import type { CodeScript, Script, SqlScript } from '../migration/migration.js';
import { isSqlFragment } from '../migration/sql-tag.js';
import { countLineFeeds, inFile } from '../sql/position.js';
import { lexScript } from '../sql/script.js';
import { shapeError } from './module-shape.js';

/** Where a piece of work was written. */
export interface WorkPlace {
  /** Path as shown to people. */
  readonly shown: string;
  /** Text of that file, with line feeds only. */
  readonly source: string;
  /** `up`, `down`, `validate.before`: for messages. */
  readonly key: string;
}

/** A script made of what `up`, `down` or a validation was given. `script` is null when there is nothing to run. */
export interface InterpretedWork<Kind extends Script> {
  readonly script: Kind | null;
  readonly problems: readonly LockkeeperError[];
}

type Item = string | SqlFragment | MigrationFunction | BackfillWork;

/** SQL alone becomes an SQL script, which can be cut, checked and planned; anything else becomes code. */
export function interpretWork(work: unknown, place: WorkPlace): InterpretedWork<Script> {
  const items = toItems(work, place);
  if (items.some(isBackfillWork)) return scriptWithBackfills(items, place);
  if (items.every(isPlainSql)) return sqlScript(items.map(textOf), place);
  const problems = items.filter(isPlainSql).flatMap((item) => sqlScript([textOf(item)], place).problems);
  return { script: codeScript(items, place), problems };
}

/** Validations are SQL without parameters: they run beside the way up, in its steps. */
export function interpretValidation(work: unknown, place: WorkPlace): InterpretedWork<SqlScript> {
  const items = toItems(work, place);
  if (!items.every(isPlainSql)) {
    throw shapeError(
      place.shown,
      `"${place.key}" holds something other than SQL without parameters.`,
      'Accepted: a text, a fragment of the sql tag without values, or a list of these.',
    );
  }
  return sqlScript(items.map(textOf), place);
}

function toItems(work: unknown, { shown, key }: WorkPlace): Item[] {
  const list: readonly unknown[] = Array.isArray(work) ? work : [work];
  return list.map((item, index) => {
    const known = typeof item === 'string' || typeof item === 'function' || isSqlFragment(item);
    if (known || isBackfillWork(item)) return item as Item;
    const where = Array.isArray(work) ? `Step ${index + 1} of "${key}"` : `"${key}"`;
    const what = item === null ? 'null' : typeof item;
    throw shapeError(
      shown,
      `${where} is ${what === 'object' ? 'an' : 'a'} ${what}.`,
      'Accepted: SQL as a text or by the sql tag, a function that is given db, backfill(…), or a list of these.',
    );
  });
}

function isPlainSql(item: Item): item is string | SqlFragment {
  return typeof item === 'string' || (isSqlFragment(item) && item.values.length === 0);
}

function textOf(item: string | SqlFragment): string {
  return typeof item === 'string' ? item : item.text;
}

function codeScript(items: readonly Item[], { shown }: WorkPlace): CodeScript {
  const run = async (db: MigrationDatabase): Promise<void> => {
    for (const item of items) {
      if (typeof item === 'function') await item(db);
      else if (isPlainSql(item)) await db.exec(item);
      else if (isSqlFragment(item)) await db.query(item);
    }
  };
  // A function that takes no db can only reach the database by a connection of its own.
  const ownConnection = items.some((item) => typeof item === 'function' && item.length === 0);
  return { kind: 'code', run, file: shown, ownConnection };
}

/** A list with a backfill is SQL throughout: each backfill stands in it as the statement that it is. */
function scriptWithBackfills(items: readonly Item[], place: WorkPlace): InterpretedWork<SqlScript> {
  const code = items.findIndex((item) => !isPlainSql(item) && !isBackfillWork(item));
  if (code >= 0) {
    throw shapeError(
      place.shown,
      `Step ${code + 1} of "${place.key}" is ${typeof items[code] === 'function' ? 'a function' : 'SQL with parameters'}, beside a backfill.`,
      'A list with a backfill holds SQL without parameters besides. Use transform in the backfill, or put the function into a migration of its own.',
    );
  }
  const texts = items.map((item) =>
    isBackfillWork(item) ? statementAt(item, place) : textOf(item as string),
  );
  const anchors = items.map((item, index) =>
    isBackfillWork(item)
      ? (definitionOf(item).set ?? definitionOf(item).where ?? definitionOf(item).table)
      : texts[index],
  );
  const { script, problems } = sqlScript(texts, place, anchors as readonly string[]);
  if (script === null) return { script, problems };
  return { script: { ...script, backfills: attach(items, texts, script, place) }, problems };
}

/** @throws {MIGRATION_SHAPE_INVALID} naming the file. */
function statementAt(work: BackfillWork, place: WorkPlace): string {
  try {
    return statementOf(definitionOf(work));
  } catch (error) {
    if (!isLockkeeperError(error)) throw error;
    throw shapeError(place.shown, error.message, error.hint ?? '');
  }
}

/** The statements that the backfills of a list became. */
function attach(
  items: readonly Item[],
  texts: readonly string[],
  script: SqlScript,
  place: WorkPlace,
): ReadonlyMap<SqlScript['statements'][number], Backfill> {
  const backfills = new Map<SqlScript['statements'][number], Backfill>();
  let from = 0;
  for (const [index, item] of items.entries()) {
    const start = script.text.indexOf(texts[index] ?? '', from);
    const end = start + (texts[index]?.length ?? 0);
    from = end;
    if (!isBackfillWork(item)) continue;
    const statements = script.statements.filter((one) => one.start >= start && one.start < end);
    const [statement] = statements;
    const definition = definitionOf(item);
    const { settings, complaints } = resolveBackfill(
      { ...definition },
      { transform: definition.transform !== undefined },
    );
    const [complaint] = complaints;
    if (complaint !== undefined) throw shapeError(place.shown, complaint.message, complaint.hint);
    if (statement === undefined || statements.length > 1)
      throw shapeError(
        place.shown,
        `The backfill of "${definition.table}" holds more than one statement.`,
        'set and where are parts of one UPDATE: leave out semicolons.',
      );
    backfills.set(statement, { settings, transform: definition.transform ?? null });
  }
  return backfills;
}

function sqlScript(
  texts: readonly string[],
  place: WorkPlace,
  anchors: readonly string[] = texts,
): InterpretedWork<SqlScript> {
  const { text, lineOffset } = layOut(texts, anchors, place.source);
  const { statements, problems } = lexScript(text);
  const located = problems.map((problem) => inFile(problem, place.shown, lineOffset));
  if (statements.length === 0) return { script: null, problems: located };
  return { script: { kind: 'sql', text, statements, file: place.shown, lineOffset }, problems: located };
}

/**
 * Joins SQL texts so that each begins on the line of the source file on which it was written; then one offset is
 * enough to tell the place of any statement. Where a text was built and cannot be found, it follows the one before.
 */
function layOut(
  texts: readonly string[],
  anchors: readonly string[],
  source: string,
): { text: string; lineOffset: number } {
  let text = '';
  let lineOffset = 0;
  let searched = 0;
  for (const [index, piece] of texts.entries()) {
    const found = findIn(source, anchors[index] ?? piece, searched);
    if (found !== -1) searched = found + 1;
    const line = found === -1 ? null : countLineFeeds(source, 0, found);
    if (index === 0) {
      lineOffset = line ?? 0;
    } else {
      // The semicolon stands on a line of its own, so that a comment at the end of a piece cannot swallow it.
      const used = countLineFeeds(text, 0, text.length) + lineOffset + 1;
      text += `\n;${'\n'.repeat(Math.max((line ?? 0) - used, 0))}`;
    }
    text += piece;
  }
  return { text, lineOffset };
}

/** The whole text, or its first line that says something, when escapes or values keep the whole from being found. */
function findIn(source: string, piece: string, from: number): number {
  const whole = source.indexOf(piece, from);
  if (whole !== -1) return whole;
  const lines = piece.split('\n');
  const index = lines.findIndex((line) => line.trim() !== '');
  const first = lines[index];
  if (first === undefined) return -1;
  const found = source.indexOf(first, from);
  if (found === -1) return -1;
  // Back to where the piece itself begins, which is `index` lines above.
  let start = found;
  for (let back = 0; back < index && start > 0; back += 1) start = source.lastIndexOf('\n', start - 1);
  return Math.max(start, 0);
}
