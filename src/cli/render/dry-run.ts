import type { DryMigration, DryRunReport, DryStep } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { counted } from './format.js';
import { oneLine, safe, titleOf } from './text.js';

/**
 * The statements in their transactions, as a script whose remarks are SQL comments, so that it can be read, kept or
 * compared as a file. `--verbose` shows every message as it would be sent, with what keeps the history.
 */
export function renderDryRun(report: DryRunReport, look: Look): string {
  const what = counted(report.migrations.length, 'migration');
  const deed = report.direction === 'up' ? 'applied to' : 'undone in';
  const would = `Dry run: ${what} would be ${deed} ${oneLine(report.environment)}. Nothing was sent.`;
  const warnings = report.warnings.flatMap((warning) => [
    remark(`Warning: ${warning.message}`, look.style.yellow),
    ...(warning.hint === undefined ? [] : [remark(`  ${warning.hint}`, look.style.yellow)]),
  ]);
  const head = [remark(would, look.style.bold), ...warnings].join('\n');
  return [head, ...report.migrations.map((migration) => renderMigration(migration, look))].join('\n\n');
}

function renderMigration(migration: DryMigration, look: Look): string {
  const title = `${titleOf(migration)} (${oneLine(migration.file)})`;
  // Bytes for a file stay what they are; on a terminal nothing in them may move the cursor.
  const shown = look.width === Number.POSITIVE_INFINITY ? (text: string) => text : safe;
  const scripts = look.verbose ? migration.sql : migration.steps.map((step) => renderStep(step, look));
  return [
    remark(title, look.style.bold),
    ...(migration.unknown === null
      ? []
      : [remark(`Not known beforehand: ${migration.unknown}`, look.style.yellow)]),
    ...scripts.map((text) => shown(text).trimEnd()).filter((text) => text !== ''),
  ].join('\n');
}

/** BEGIN and COMMIT are Lockkeeper's, and stand dimmed around what the author wrote. */
function renderStep(step: DryStep, look: Look): string {
  const statements = step.statements.map((statement) => `${statement};`);
  if (step.batches !== undefined) return [remark(step.batches, look.style.dim), ...statements].join('\n');
  if (!step.transaction) return statements.join('\n');
  return [look.style.dim('begin;'), ...statements, look.style.dim('commit;')].join('\n');
}

function remark(text: string, paint: (text: string) => string): string {
  return safe(text)
    .split('\n')
    .map((line) => paint(`-- ${line}`))
    .join('\n');
}
