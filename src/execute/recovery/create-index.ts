import { LockkeeperError } from '../../core/errors.js';
import type { Session } from '../../pg/index.js';
import { quoteQualified } from '../../sql/quote.js';
import { indexDefinitionOf, isLikeDefinition, readIndexDefinition } from './index-definition.js';
import { compareWithShadow } from './index-shadow.js';
import { indexesOf, type IndexState, oidBesideTable, relationOid } from './index-state.js';
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

/** The server compares; our grammar does only where it cannot, because loading it takes longer than all the rest. */
async function indexesMade(
  session: Session,
  question: Question<IndexesBefore>,
): Promise<readonly IndexState[]> {
  const named = await namedAsWanted(session, question);
  const [first] = named;
  if (first === undefined) return [];
  const oids = named.map(({ oid }) => oid);
  const same = await compareWithShadow(session, { ...question, tableOid: first.tableOid, oids });
  return same === null ? await alike(session, question, named) : named.filter((_, at) => same[at]);
}

async function namedAsWanted(
  session: Session,
  question: Question<IndexesBefore>,
): Promise<readonly IndexState[]> {
  const fresh = await freshIndexes(session, question.before);
  const name = nameIn(question);
  const [first] = fresh;
  if (name === null || first === undefined) return fresh;
  const oid = await oidBesideTable(session, first.tableOid, name);
  return fresh.filter((index) => index.oid === oid);
}

async function alike(
  session: Session,
  question: Question<IndexesBefore>,
  named: readonly IndexState[],
): Promise<readonly IndexState[]> {
  const wanted = await readIndexDefinition(question.text);
  if (wanted === null) throw cannotTell(question, named);
  const like: IndexState[] = [];
  for (const index of named) {
    const found = await indexDefinitionOf(session, index.oid);
    if (found !== null && isLikeDefinition(wanted, found)) like.push(index);
  }
  if (like.length > 0 && !wanted.plain) throw cannotTell(question, like);
  return like;
}

/** The name that the statement gives its index; null where it leaves the choice to the server. */
const nameIn = ({ statement }: Question<IndexesBefore>): string | null =>
  statement.traits.creates?.replace(/^index /, '') ?? null;

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
async function assertIndexValid(session: Session, question: Question<IndexesBefore>): Promise<void> {
  const { before } = question;
  if (before.tableOid === null) return;
  const name = nameIn(question);
  if (name === null) {
    const fresh = await freshIndexes(session, before);
    const [first] = fresh;
    if (first !== undefined && fresh.every((index) => !index.valid)) throw leftInvalid(first);
    return;
  }
  const oid = await oidBesideTable(session, before.tableOid, name);
  const indexes = oid === null ? [] : await indexesOf(session, before.tableOid);
  const found = indexes.find((index) => index.oid === oid && !index.valid);
  if (found === undefined) return;
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
