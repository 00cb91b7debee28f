import { LockkeeperError } from '../../core/errors.js';
import type { Session } from '../../pg/index.js';
import { quoteQualified } from '../../sql/quote.js';
import { indexDefinitionOf, isLikeDefinition, readIndexDefinition } from './index-definition.js';
import { compareWithShadow } from './index-shadow.js';
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
  question: Question<IndexesBefore>,
): Promise<readonly IndexState[]> {
  const { before, text } = question;
  const fresh = await freshIndexes(session, before);
  if (fresh.length === 0) return [];
  const wanted = await readIndexDefinition(text);
  if (wanted === null) throw cannotTell(question, fresh);
  const like: IndexState[] = [];
  for (const index of fresh) {
    const found = await indexDefinitionOf(session, index.oid);
    if (found !== null && isLikeDefinition(wanted, found)) like.push(index);
  }
  const [first] = like;
  if (first === undefined) return [];
  const oids = like.map(({ oid }) => oid);
  const same = await compareWithShadow(session, { ...question, tableOid: first.tableOid, oids });
  if (same !== null) return like.filter((_, at) => same[at]);
  if (!wanted.plain) throw cannotTell(question, like);
  return like;
}

function cannotTell(
  { text, version, step }: Question<IndexesBefore>,
  indexes: readonly IndexState[],
): LockkeeperError {
  const verb = `lockkeeper repair ${version} --step ${step}`;
  return new LockkeeperError('RECOVERY_UNDECIDED', {
    message: `The table has new indexes (${indexes.map(({ name }) => name).join(', ')}), and whether the interrupted statement made one of them cannot be told: ${text.slice(0, 200)}`,
    hint: `Look at them. The statement made one, and it is valid: ${verb} --done --why "…". It made none, or you have dropped what it left: ${verb} --again --why "…".`,
    details: { version, step },
  });
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
