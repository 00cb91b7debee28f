import type { ExitCode } from '../core/error-catalogue.js';
import type { Lockkeeper, UpReport } from '../app/lockkeeper.js';
import type { RunReport, Warning } from '../core/report.js';
import { reportFailure } from './failure.js';
import type { Invocation } from './invocation.js';
import type { Look } from './look.js';
import { followProgress } from './progress.js';
import { renderDryRun } from './render/dry-run.js';
import { renderRun } from './render/run.js';
import { renderWarning } from './render/warning.js';

export interface RunVerb<Report> {
  readonly call: (lockkeeper: Lockkeeper) => Promise<Report>;
  readonly render: (report: Report, look: Look) => string;
  /** The remarks of the report; those that were told as they came up are not told again. */
  readonly warnings: (report: Report) => readonly Warning[];
  /** The answer is what the user came for, so that --quiet does not silence it. */
  readonly isAnswer?: (report: Report) => boolean;
}

/** A verb that sends migrations: progress while it runs, one sentence at its end, a whole page when it fails. */
export async function runVerb<Report>(invocation: Invocation, verb: RunVerb<Report>): Promise<ExitCode> {
  const { printer, talk } = invocation;
  let failedRun: RunReport | null = null;
  try {
    await invocation.withLockkeeper(async (lockkeeper) => {
      const progress = followProgress(lockkeeper, {
        talk,
        look: printer.talkLook,
        verbose: printer.verbose,
        warnings: !invocation.flags.on('dry-run'),
      });
      try {
        const report = await verb.call(lockkeeper);
        progress.stop();
        for (const warning of progress.untold(verb.warnings(report)))
          printer.talk(renderWarning(warning, printer.talkLook));
        if (printer.json) printer.document(report);
        else if (!printer.quiet || verb.isAnswer?.(report) === true)
          printer.answer(verb.render(report, printer.look));
      } finally {
        progress.stop();
        failedRun = progress.failedRun();
      }
    });
    return 0;
  } catch (error) {
    return reportFailure(error, failedRun, printer);
  }
}

/** How `up` and `down` show either of their two reports. */
export const runOrDryRun = {
  render: (report: UpReport, look: Look): string =>
    'dryRun' in report ? renderDryRun(report, look) : renderRun(report, look),
  // A dry run carries its warnings as remarks of its script.
  warnings: (report: UpReport) => ('dryRun' in report ? [] : report.warnings),
  isAnswer: (report: UpReport): boolean => 'dryRun' in report,
};
