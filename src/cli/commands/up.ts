import type { UpReport } from '../../app/lockkeeper.js';
import type { ExitCode } from '../../core/error-catalogue.js';
import { given } from '../flag-values.js';
import type { Invocation } from '../invocation.js';
import type { Look } from '../look.js';
import { renderDryRun } from '../render/dry-run.js';
import { renderRun } from '../render/run.js';
import { runVerb } from '../run-verb.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const { flags } = invocation;
  const options = given({
    to: flags.text('to'),
    steps: flags.number('steps'),
    only: flags.text('only'),
    tags: flags.list('tags'),
    dryRun: flags.boolean('dry-run'),
    singleTransaction: flags.boolean('single-transaction'),
  });
  return runVerb(invocation, { ...runOrDryRun, call: (lockkeeper) => lockkeeper.up(options) });
}

/** How `up` and `down` show either of their two reports. */
export const runOrDryRun = {
  render: (report: UpReport, look: Look): string =>
    'dryRun' in report ? renderDryRun(report, look) : renderRun(report, look),
  // A dry run carries its warnings as remarks of its script.
  warnings: (report: UpReport) => ('dryRun' in report ? [] : report.warnings),
  isAnswer: (report: UpReport): boolean => 'dryRun' in report,
};
