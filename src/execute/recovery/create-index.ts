import { LockkeeperError } from '../../core/errors.js';
import type { Session } from '../../pg/index.js';
import { quoteQualified } from '../../sql/quote.js';
import { indexDefinitionOf, isSameDefinition, readIndexDefinition } from './index-definition.js';
import { indexesOf, invalidIndexNamed, type IndexState, relationOid } from './index-state.js';
import { removeLeftover } from './leftover.js';
import type { Question, Remedy } from './remedy.js';

/** What stood on the table before. */
interface IndexesBefore {
  readonly tableOid: number | null;
  readonly indexes: readonly IndexState[];
}

/**
 * CREATE INDEX CONCURRENTLY. An index is ours when it is new since the pre-state and is what the statement makes;
 * everything else on the table was made by somebody else meanwhile, and an invalid one of theirs (CREATE INDEX ON
 * ONLY makes them by design) is not ours to touch (ENGINE D16).
 */
export const createIndex: Remedy<IndexesBefore> = {
  kind: 'create-index',
  leavesRemains: true,
  capture: async (session, { statement: { traits } }) => {
    const tableOid = traits.relation === null ? null : await relationOid(session, traits.relation);
    return { tableOid, indexes: tableOid === null ? [] : await indexesOf(session, tableOid) };
  },
  settle: async (run, question) => {
    const made = await indexesMade(run.session, question);
    const invalid = made.filter((index) => !index.valid);
    for (const index of invalid) await removeLeftover(run, index, question.lockTimeoutMs);
    return invalid.length === 0 && made.length > 0 ? 'done' : 'again';
  },
  check: (run, question) => assertIndexValid(run.session, question),
};

async function freshIndexes(session: Session, { tableOid, indexes }: IndexesBefore): Promise<IndexState[]> {
  if (tableOid === null) return [];
  const known = new Set(indexes.map((index) => index.oid));
  return (await indexesOf(session, tableOid)).filter((index) => !known.has(index.oid));
}

async function indexesMade(
  session: Session,
  { before, text }: Question<IndexesBefore>,
): Promise<readonly IndexState[]> {
  const fresh = await freshIndexes(session, before);
  if (fresh.length === 0) return [];
  const wanted = await readIndexDefinition(text);
  if (wanted === null) {
    throw new LockkeeperError('RECOVERY_UNDECIDED', {
      message: `The table has new indexes (${fresh.map(({ name }) => name).join(', ')}), and whether the interrupted statement made one of them cannot be read from it: ${text.slice(0, 200)}`,
      hint: 'Drop what it left and keep the rest, then settle the step with lockkeeper repair <version> --step <number> --done or --again.',
    });
  }
  const made: IndexState[] = [];
  for (const index of fresh) {
    const found = await indexDefinitionOf(session, index.oid);
    if (found !== null && isSameDefinition(wanted, found)) made.push(index);
  }
  return made;
}

/**
 * IF NOT EXISTS reports success, too, when it skipped over an invalid index of that name, and the table would stay
 * without the index for ever. An index without a name is one that was not there before.
 */
async function assertIndexValid(
  session: Session,
  { before, statement }: Question<IndexesBefore>,
): Promise<void> {
  if (before.tableOid === null) return;
  const name = statement.traits.creates?.replace(/^index /, '') ?? null;
  if (name === null) {
    const fresh = await freshIndexes(session, before);
    const [first] = fresh;
    if (first !== undefined && fresh.every((index) => !index.valid)) throw leftInvalid(first);
    return;
  }
  const found = await invalidIndexNamed(session, before.tableOid, name);
  if (found === null) return;
  throw before.indexes.some(({ oid }) => oid === found.oid) ? skippedInvalid(found) : leftInvalid(found);
}

function skippedInvalid({ schema, name }: IndexState): LockkeeperError {
  return new LockkeeperError('MIGRATION_FAILED', {
    message: `The index ${quoteQualified(schema, name)} exists and is invalid, so IF NOT EXISTS skipped over it.`,
    hint: `This run did not make it, so it is left alone. Drop it (drop index concurrently ${quoteQualified(schema, name)}) and run the command again.`,
    details: { index: name },
  });
}

function leftInvalid({ schema, name }: IndexState): LockkeeperError {
  return new LockkeeperError('MIGRATION_FAILED', {
    message: `The index ${quoteQualified(schema, name)} is invalid although its creation reported success.`,
    hint: 'Another session has interfered with it, such as a REINDEX. Run the command again.',
    details: { index: name },
  });
}
