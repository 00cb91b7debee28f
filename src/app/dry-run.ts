import { buildMessages, codeFrame, type Run, type StepRun, transactionParts } from '../execute/index.js';
import type { Script } from '../migration/migration.js';
import type { Step } from '../migration/step.js';
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
  return buildMessages(transactionParts(run, { ...stepRun, step })).map((message) => message.text);
}

function statementsOf(step: Step): readonly Statement[] {
  if (step.kind === 'transaction') return step.statements;
  return step.kind === 'alone' ? [step.statement] : [];
}

const textOf = (script: Script, { start, end }: Statement): string =>
  script.kind === 'sql' ? script.text.slice(start, end) : '';
