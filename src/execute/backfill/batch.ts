import type { Row } from '../../pg/index.js';
import { cancellable } from '../interrupt.js';
import { countedSql, saveAfterSql, saveSql } from './batch-sql.js';
import { boundQuery, type Position, rangeSql } from './order.js';
import { advanceSql, positionLiteral } from './record.js';
import type { BatchOutcome, Paced, Slice, Work } from './state.js';

/** How long a batch may wait for one row. Its own rows are locked meanwhile, so it is short. */
const rowLockTimeoutMs = 50;
const mostPasses = 20;

/** Runs one batch of the author's statement: one message, one transaction. @throws what the server says. */
export async function runBatch(work: Work, slice: Slice): Promise<BatchOutcome> {
  const { stepRun, relation, savedTable } = work;
  const range = { after: work.cursor, until: slice.until };
  const scope = { shape: stepRun.step.shape, relation, range, without: work.without };
  const statements = [
    ...(savedTable === null ? [] : [saveSql(scope, savedTable)]),
    countedSql(scope),
    ...(savedTable === null ? [] : saveAfterSql({ relation, columns: scope.shape.columns }, savedTable)),
  ];
  return await sendBatch(work, slice, statements);
}

/** The frame around the statements of a batch, and the question for the next one behind its commit. */
export async function sendBatch(
  work: Work,
  slice: Slice,
  statements: readonly string[],
  set: Readonly<Record<string, string>> = {},
): Promise<BatchOutcome> {
  const { run, stepRun } = work;
  const ahead = slice.until === null ? null : work.pace.rows;
  const rows = slice.rows ?? countTail(work);
  const text = [
    'begin',
    ...batchSettings(work, stepRun.step.backfill.settings.synchronousCommit),
    ...statements,
    ...backToOurRole(work),
    advanceSql(run, stepRun, { rows, set: { ...moveOn(work, slice), ...set } }),
    'commit',
    ...(ahead === null
      ? []
      : [...replayed(work), boundQuery(work.relation, slice.until, ahead), ...backToOurRole(work)]),
  ].join(';\n');
  const answers = await cancellable(run, () => run.session.queryMany(text));
  const row = answers.at(ahead === null ? -1 : -2)?.[0];
  if (row === undefined) throw new Error('The row of the backfill is gone.');
  return {
    paused: row[0] === true,
    changed: Number(row[1]),
    serverMs: Number(row[2]),
    done: Number(row[3]),
    next: ahead === null ? null : sliceOf(answers.at(-1)?.[0], ahead),
  };
}

/**
 * The settings of a batch: those of the migration's earlier SETs, then ours, which end with the transaction. Without
 * synchronous_commit the rows are free as soon as the work is done, not when a disk or a replica has answered. A crash of
 * the server takes the last batches together with the position behind them, and the step ends by a commit that waits.
 */
export function batchSettings(
  work: Pick<Paced, 'run' | 'stepRun' | 'pace'>,
  synchronousCommit: boolean,
): readonly string[] {
  const { lockTimeoutMs, statementTimeoutMs } = work.run.options;
  const limit =
    statementTimeoutMs === 0 ? work.pace.limitMs : Math.min(work.pace.limitMs, statementTimeoutMs);
  const wait = lockTimeoutMs === 0 ? rowLockTimeoutMs : Math.min(rowLockTimeoutMs, lockTimeoutMs);
  return [
    ...replayed(work),
    `set local lock_timeout = ${wait}`,
    `set local statement_timeout = ${limit}`,
    ...(synchronousCommit ? [] : ['set local synchronous_commit = off']),
  ];
}

export const replayed = ({ stepRun }: Pick<Paced, 'stepRun'>): readonly string[] =>
  stepRun.replay.map(({ text }) => text);

/** Our tables are ours: a role that the file has chosen may not be able to write them. */
export function backToOurRole({ stepRun }: Pick<Paced, 'stepRun'>): readonly string[] {
  return stepRun.replay.length === 0 ? [] : ['set session authorization default', 'reset role'];
}

/** Asks for the slice behind the present position. */
export async function askSlice(work: Work): Promise<Slice> {
  const rows = work.pace.rows;
  const text = [...replayed(work), boundQuery(work.relation, work.cursor, rows), ...backToOurRole(work)].join(
    ';\n',
  );
  const answers = await cancellable(work.run, () => work.run.session.queryMany(text));
  return sliceOf(answers.at(-1)?.[0], rows);
}

function sliceOf(row: Row | undefined, rows: number): Slice {
  const text = row?.[0];
  return typeof text === 'string'
    ? { until: JSON.parse(text) as Position, rows }
    : { until: null, rows: null };
}

/** The last rows are counted, because nobody knows how many they are. */
function countTail(work: Work): string {
  if (work.stepRun.replay.length > 0) return '0';
  const { relation, cursor } = work;
  return `(select pg_catalog.count(*) from only ${relation.name} as lk where ${rangeSql(relation.order, 'lk', { after: cursor, until: null })})`;
}

/**
 * Where the batch leaves the record: behind its last row, or at the next table. Without a key, a row that somebody
 * updates may move behind the position or before it; so passes are repeated until one finds nothing to change.
 */
function moveOn(work: Work, slice: Slice): Readonly<Record<string, string>> {
  const { relation } = work;
  if (slice.until !== null) return { relation: String(relation.oid), cursor: positionLiteral(slice.until) };
  const next = nextRelation(work);
  const on = next === null ? 'null' : `${next.oid}::oid`;
  if (!relation.order.byPlace || work.pass >= mostPasses)
    return { relation: on, cursor: 'null', finished: String(next === null), pass: '1', pass_changed: '0' };
  const again = `pass_changed + pg_catalog.current_setting('lockkeeper.rows')::bigint > 0`;
  return {
    relation: `case when ${again} then ${relation.oid}::oid else ${on} end`,
    cursor: 'null',
    finished: `not (${again}) and ${next === null}`,
    pass: `case when ${again} then pass + 1 else 1 end`,
    pass_changed: '0',
  };
}

export function nextRelation({
  target,
  relation,
}: Pick<Work, 'target' | 'relation'>): Work['relation'] | null {
  return target.relations.find(({ oid }) => oid > relation.oid) ?? null;
}

/** The same in memory, once the batch is committed. */
export function advance(work: Work, slice: Slice, outcome: BatchOutcome): void {
  work.batches += 1;
  work.changed += outcome.changed;
  work.passChanged += outcome.changed;
  work.done = outcome.done;
  work.paused = outcome.paused;
  work.cursor = slice.until;
  if (slice.until !== null) return;
  const again = work.relation.order.byPlace && work.pass < mostPasses && work.passChanged > 0;
  work.passChanged = 0;
  work.pass = again ? work.pass + 1 : 1;
  if (again) return;
  const next = nextRelation(work);
  work.finished = next === null;
  if (next !== null) work.relation = next;
}
