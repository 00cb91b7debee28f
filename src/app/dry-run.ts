import { buildMessages, codeFrame, type Run, type StepRun, transactionParts } from '../execute/index.js';
import type { Script } from '../migration/migration.js';
import { formatDuration } from '../core/duration.js';
import type { BackfillStep, RestoreStep, Step } from '../migration/step.js';
import type { Plan, PlannedMigration } from '../plan/plan.js';
import type { Statement } from '../sql/statement.js';
import type { DryMigration, DryRunReport } from './lockkeeper.js';
import { shownPath } from '../source/index.js';

/** The plan as the exact messages that would be sent. Nothing is run. */
export function renderDryRun(run: Run, plan: Plan): DryRunReport {
  return {
    dryRun: true,
    direction: plan.direction,
    environment: run.environment,
    migrations: plan.migrations.map((planned) => dryMigration(run, planned, plan.singleTransaction)),
    warnings: plan.warnings,
  };
}

function dryMigration(run: Run, planned: PlannedMigration, insideSingleTransaction: boolean): DryMigration {
  const { migration, script } = planned;
  const file = shownPath(
    run.direction === 'down' && migration.downPath !== null ? migration.downPath : migration.path,
    run.context.root,
  );
  return {
    version: migration.version,
    name: migration.name,
    file,
    steps: planned.steps.map((step) => ({
      transaction: step.kind === 'code' ? step.transaction : step.kind === 'transaction',
      statements: statementsOf(step).map((statement) => textOf(script, statement)),
      ...(step.kind === 'backfill' || step.kind === 'restore' ? { batches: batchesOf(step) } : {}),
    })),
    sql: planned.steps.flatMap((step) =>
      messagesOf(run, { planned, step, replay: [], insideSingleTransaction }),
    ),
    unknown:
      script.kind === 'code'
        ? script.ownConnection
          ? 'The function takes no db, so it opens connections of its own: neither its statements nor their transaction are known.'
          : 'What the function sends is decided while it runs; it is not called in a dry run.'
        : null,
  };
}

function messagesOf(run: Run, stepRun: StepRun): readonly string[] {
  const { step, planned } = stepRun;
  if (step.kind === 'code') return codeFrame(run, stepRun);
  if (step.kind === 'alone') return [`${textOf(planned.script, step.statement)};`];
  if (step.kind === 'backfill' || step.kind === 'restore') return [batchMessage(step)];
  return buildMessages(transactionParts(run, { ...stepRun, step })).map((message) => message.text);
}

function statementsOf(step: Step): readonly Statement[] {
  if (step.kind === 'transaction') return step.statements;
  return step.kind === 'alone' || step.kind === 'backfill' ? [step.statement] : [];
}

/** How a step that runs in batches does so, in one sentence. */
function batchesOf(step: BackfillStep | RestoreStep): string {
  if (step.kind === 'restore')
    return `The old values of ${step.saved.table} (${step.saved.columns.join(', ')}) are put back in batches, where nobody has edited them since.`;
  const { key, batchRows, targetMs } = step.backfill.settings;
  const along = key === null ? 'along the primary key, or what stands for it' : `along (${key.join(', ')})`;
  const what =
    step.backfill.transform === null
      ? ''
      : ' Each batch is read, given to transform(), and what it gives is written.';
  return `In batches ${along}, each a transaction of its own of about ${formatDuration(targetMs)} and at most ${batchRows} rows.${what}`;
}

/** One batch. Its bounds are not known before the one before it has run. */
function batchMessage(step: BackfillStep | RestoreStep): string {
  if (step.kind === 'restore') return `-- ${batchesOf(step)}`;
  const { shape } = step;
  const where = shape.where === null ? '' : `(${shape.where.trim()}\n) and `;
  const table = `only ${shape.table} as ${shape.alias}`;
  return `begin;\n${shape.head} ${table} ${shape.middle.trim()} where ${where}/* behind the last batch, up to the last row of this one */;\n/* how far it has come */;\ncommit;\n-- ${batchesOf(step)}`;
}

const textOf = (script: Script, { start, end }: Statement): string =>
  script.kind === 'sql' ? script.text.slice(start, end) : '';
