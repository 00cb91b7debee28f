import { LockkeeperError } from '../../core/errors.js';
import type { BackfillRow, BackfillTransform } from '../../migration/backfill.js';
import { quoteIdent, quoteLiteral } from '../../sql/quote.js';
import { pause, retryDelayMs } from '../retry.js';
import { backToOurRole, replayed, sendBatch } from './batch.js';
import { againMark, conditionSql, sameRowSql, saveAfterSql, valuesSql } from './batch-sql.js';
import { TransformFailed } from './failure.js';
import { keyObject, type Position, positionsSql, positionSql } from './order.js';
import { ownRow, positionLiteral, rowsSetting } from './record.js';
import type { BatchOutcome, Slice, Work } from './state.js';

const missedSetting = 'lockkeeper.missed';
const mostRounds = 50;

interface ReadRow {
  readonly key: Position;
  /** Version of the row: another one means that somebody has edited it since. */
  readonly xmin: string;
  readonly row: BackfillRow;
}

interface Change extends ReadRow {
  readonly values: BackfillRow;
}

/**
 * One batch of a transform: the rows are read, the author's function is called while nothing is locked, and what it
 * gives is written to those rows that are still the version that it saw. The others are noted with the batch and looked
 * at again, also after a crash, so that a newer edit is never overwritten and no row is left out.
 */
export async function runTransform(work: Work, slice: Slice): Promise<BatchOutcome> {
  const { shape } = work.stepRun.step;
  const range = { after: work.cursor, until: slice.until };
  const condition = conditionSql({ shape, relation: work.relation, range, without: work.without });
  const changes = await transform(work, await readRows(work, condition));
  return await write(work, changes, (statements, set) => sendBatch(work, slice, statements, set));
}

/** Looks again at the rows that were edited between reading and writing. */
export async function resolveConflicts(work: Work): Promise<void> {
  const { shape } = work.stepRun.step;
  for (let round = 1; work.conflicts.length > 0; round++) {
    if (round > mostRounds) throw neverStill(work);
    if (round > 1 && !(await pause(retryDelayMs(Math.min(round, 4)), work.run.context.stop.finish))) return;
    const where = shape.where === null ? '' : `(${shape.where}\n) and `;
    const condition = `${where}${positionsSql(work.relation.order, shape.alias, work.conflicts)}`;
    const changes = await transform(work, await readRows(work, condition));
    const here: Slice = { until: work.cursor, rows: 0 };
    const outcome = await write(work, changes, (statements, set) =>
      sendBatch(work, here, statements, {
        ...set,
        relation: String(work.relation.oid),
        cursor: positionLiteral(work.cursor),
        finished: 'finished',
        pass: 'pass',
        pass_changed: 'pass_changed',
      }),
    );
    work.changed += outcome.changed;
    work.paused = outcome.paused;
  }
}

async function readRows(work: Work, condition: string): Promise<readonly ReadRow[]> {
  const { run, relation, stepRun } = work;
  const { alias } = stepRun.step.shape;
  const key = positionSql(relation.order, alias);
  const text = `select ${alias}.*, ${key} as lockkeeper_key, ${alias}.xmin::text as lockkeeper_xmin from only ${relation.name} as ${alias} where ${condition}`;
  for (const statement of replayed(work)) await run.session.send(statement);
  const rows = await run.session.query<Record<string, unknown>>(text);
  for (const statement of backToOurRole(work)) await run.session.send(statement);
  return rows.map(({ lockkeeper_key, lockkeeper_xmin, ...row }) => ({
    key: lockkeeper_key as Position,
    xmin: lockkeeper_xmin as string,
    row,
  }));
}

async function transform(work: Work, rows: readonly ReadRow[]): Promise<readonly Change[]> {
  if (rows.length === 0) return [];
  const run = work.stepRun.step.backfill.transform as BackfillTransform;
  let given: unknown;
  try {
    given = await run(rows.map(({ row }) => row));
  } catch (error) {
    throw new TransformFailed(error);
  }
  if (!Array.isArray(given) || given.length !== rows.length) throw notOneForEach(work, rows.length, given);
  return rows.flatMap((read, index) => {
    const values = (given as readonly unknown[])[index];
    if (values === null || values === undefined) return [];
    return [{ ...read, values: checked(work, read, values) }];
  });
}

function checked(work: Work, read: ReadRow, values: unknown): BackfillRow {
  if (typeof values !== 'object')
    throw new TransformFailed(
      `The transform gave ${typeof values} for a row; it gives an object of columns, or null.`,
    );
  const said = Object.entries(values as BackfillRow).filter(([, value]) => value !== undefined);
  for (const [column] of said) {
    if (!(column in read.row))
      throw new TransformFailed(`The transform sets "${column}", which is no column of the table.`);
    if (work.relation.order.columns.some(({ name }) => name === column))
      throw new TransformFailed(
        `The transform sets "${column}", which is part of the key that the rows are walked along.`,
      );
  }
  return Object.fromEntries(said);
}

function notOneForEach(work: Work, rows: number, given: unknown): LockkeeperError {
  const got = Array.isArray(given) ? `${given.length} entries` : typeof given;
  return new LockkeeperError('MIGRATION_FAILED', {
    message: `The transform of migration ${work.stepRun.planned.migration.version} was given ${rows} rows and gave ${got}.`,
    hint: 'Return one entry for each row, in the same order: an object of columns to set, or null to leave the row as it is.',
    details: { version: work.stepRun.planned.migration.version },
  });
}

type Send = (statements: readonly string[], set: Readonly<Record<string, string>>) => Promise<BatchOutcome>;

async function write(work: Work, changes: readonly Change[], send: Send): Promise<BatchOutcome> {
  const columns = [...new Set(changes.flatMap(({ values }) => Object.keys(values)))];
  const writable = changes.filter(({ values }) => Object.keys(values).length > 0);
  const set: Record<string, string> = { conflicts: `pg_catalog.current_setting('${missedSetting}')::jsonb` };
  if (work.savedTable !== null && columns.length > 0) set['saved_columns'] = savedColumns(columns);
  const statements = columns.length === 0 ? [nothing] : writeSql(work, writable, columns);
  const outcome = await send(statements, set);
  // What the database has as missed is read back only where the numbers say that there is something.
  work.conflicts =
    outcome.changed === writable.length || work.relation.order.byPlace ? [] : await readMissed(work);
  return outcome;
}

const nothing = `select pg_catalog.set_config('${rowsSetting}', '0', true), pg_catalog.set_config('${missedSetting}', '[]', true)`;

const savedColumns = (columns: readonly string[]): string =>
  `array(select distinct c from unnest(saved_columns || array[${columns.map(quoteLiteral).join(', ')}]::text[]) c order by c)`;

function writeSql(work: Work, changes: readonly Change[], columns: readonly string[]): readonly string[] {
  const { relation, savedTable, stepRun } = work;
  const { shape } = stepRun.step;
  const { alias } = shape;
  const json = changes.map(({ key, xmin, values }) => ({ k: key, x: xmin, v: jsonRow(values) }));
  const given = `pg_catalog.jsonb_to_recordset(${quoteLiteral(JSON.stringify(json))}::jsonb) as lk_given(k jsonb, x text, v jsonb)`;
  const same = `${sameRowSql(relation.order, alias, 'lk_given.k')} and ${alias}.xmin::text = lk_given.x`;
  const list = columns.map((column) => {
    const name = quoteIdent(column);
    return `${name} = case when lk_given.v ? ${quoteLiteral(column)} then lk_new.${name} else ${alias}.${name} end`;
  });
  const again = relation.order.byPlace ? `coalesce((${shape.where ?? 'true'}\n), false)` : 'false';
  const check = relation.order.byPlace
    ? `, (case when coalesce(pg_catalog.bool_or(again), false) then ${quoteLiteral(againMark)} else '0' end)::int`
    : '';
  const missed = relation.order.byPlace
    ? `'[]'`
    : `coalesce((select pg_catalog.jsonb_agg(k) from lockkeeper_given as g where not exists (select from lockkeeper_batch as b where b.k = g.k)), '[]')::text`;
  return [
    ...(savedTable === null
      ? []
      : [
          `insert into ${savedTable} (relation, row_key, before) select ${relation.oid}, lk_given.k, locked.before from ${given}, lateral (select ${valuesSql(alias, columns)} as before from only ${relation.name} as ${alias} where ${same} for update of ${alias}) as locked`,
        ]),
    `with lockkeeper_given as (select * from ${given}), lockkeeper_batch as (update only ${relation.name} as ${alias} set ${list.join(', ')} from lockkeeper_given as lk_given, lateral pg_catalog.jsonb_populate_record(null::${relation.name}, lk_given.v) as lk_new where ${same} returning lk_given.k as k, ${again} as again) select pg_catalog.set_config('${rowsSetting}', pg_catalog.count(*)::text, true), pg_catalog.set_config('${missedSetting}', ${missed}, true)${check} from lockkeeper_batch`,
    ...(savedTable === null ? [] : saveAfterSql({ relation, columns }, savedTable)),
  ];
}

async function readMissed(work: Work): Promise<readonly Position[]> {
  const { run, stepRun } = work;
  const rows = await run.session.query<{ conflicts: Position[] }>(
    `select conflicts from ${run.tables.backfills} where ${ownRow(run, stepRun)}`,
  );
  return rows[0]?.conflicts ?? [];
}

/** JSON for the columns' own types: bigint and NaN as texts, bytes as PostgreSQL's hex. */
function jsonRow(values: BackfillRow): BackfillRow {
  return Object.fromEntries(
    Object.entries(values).map(([column, value]) => {
      if (typeof value === 'bigint') return [column, value.toString()];
      if (typeof value === 'number' && !Number.isFinite(value)) return [column, String(value)];
      if (value instanceof Uint8Array) return [column, `\\x${Buffer.from(value).toString('hex')}`];
      return [column, value];
    }),
  );
}

function neverStill(work: Work): LockkeeperError {
  const [first = []] = work.conflicts;
  const key = JSON.stringify(keyObject(work.relation.order, first));
  return new LockkeeperError('LOCK_BUDGET_EXCEEDED', {
    message: `The row ${key} of ${work.relation.name} was edited by others each of the ${mostRounds} times that it was transformed.`,
    hint: 'What was done stays done. Run the command again at a quieter time, or do it in SQL (set), which waits for the row.',
    details: { version: work.stepRun.planned.migration.version, key },
  });
}
