import { LockkeeperError } from '../../core/errors.js';
import { quoteLiteral, quoteQualified } from '../../sql/quote.js';
import { ours } from '../parts.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import { ownRow, type OwnStepRun } from './record.js';
import type { Target } from './target.js';

/** More rows than this are not kept: the copy would be as large as the table. */
const mostSavedRows = 50_000_000;

/**
 * Makes the table that keeps the old values of one backfill, and notes its name. A table of its own can be dropped in a
 * moment when nobody wants the way back any more.
 * @throws {BACKFILL_IMPOSSIBLE} rows without a key could not be found again.
 */
export async function ensureSavedTable(
  run: Run,
  stepRun: OwnStepRun,
  about: { readonly id: string; readonly columns: readonly string[]; readonly target: Target },
): Promise<string> {
  const name = `backfill_saved_${about.id}`;
  const table = quoteQualified(run.tables.schema, name);
  assertCanSave(stepRun, about.target);
  const columns = `array[${about.columns.map(quoteLiteral).join(', ')}]::text[]`;
  await sendParts(run.session, [
    ours('begin', 'BEGIN'),
    ours(
      `create table if not exists ${table} (id bigint generated always as identity primary key, relation oid not null, row_key jsonb not null, before jsonb not null, after jsonb)`,
    ),
    ours(`create index if not exists ${name}_open on ${table} (id) where after is null`),
    ours(`revoke all on ${table} from public`),
    ours(
      `update ${run.tables.backfills} set saved_table = ${quoteLiteral(name)}, saved_columns = case when saved_columns = '{}' then ${columns} else saved_columns end where ${ownRow(run, stepRun)}`,
      'UPDATE 1',
    ),
    ours('commit', 'COMMIT'),
  ]);
  return table;
}

function assertCanSave({ planned, step }: OwnStepRun, { relations, total }: Target): void {
  const why = relations.some(({ order }) => order.byPlace)
    ? 'its table has no key by which the rows could be found again'
    : step.kind === 'backfill' && step.shape.kind === 'delete'
      ? 'it deletes rows'
      : total > mostSavedRows
        ? `its table has about ${total} rows, and at most ${mostSavedRows} are kept`
        : null;
  if (why === null) return;
  throw new LockkeeperError('BACKFILL_IMPOSSIBLE', {
    message: `The backfill of migration ${planned.migration.version} cannot keep the old values: ${why}.`,
    hint: "Leave out undo: 'saved', and write a way back, or take a backup.",
    details: { version: planned.migration.version },
  });
}
