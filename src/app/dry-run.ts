import { buildMessages, codeFrame, type Run, transactionParts } from '../execute/index.js';
import type { SqlScript } from '../migration/migration.js';
import type { Plan, PlannedMigration } from '../plan/plan.js';
import type { DryMigration, DryRunReport } from './lockkeeper.js';
import { shown } from './migrations.js';

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
  const file = shown(
    run.direction === 'down' && migration.downPath !== null ? migration.downPath : migration.path,
    run.context.root,
  );
  return {
    version: migration.version,
    name: migration.name,
    file,
    sql: planned.steps.flatMap((step) => {
      const stepRun = { planned, step, replay: [], insideSingleTransaction };
      if (step.kind === 'transaction') {
        return buildMessages(transactionParts(run, { ...stepRun, step })).map((message) => message.text);
      }
      if (step.kind === 'alone') {
        const { statement } = step;
        return [(script as SqlScript).text.slice(statement.start, statement.end)];
      }
      return codeFrame(run, stepRun);
    }),
    unknown:
      script.kind === 'code'
        ? script.ownConnection
          ? 'The function takes no db, so it opens connections of its own: neither its statements nor their transaction are known.'
          : 'What the function sends is decided while it runs; it is not called in a dry run.'
        : null,
  };
}
