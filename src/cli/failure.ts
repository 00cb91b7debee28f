import type { ExitCode } from '../core/error-catalogue.js';
import { isLockkeeperError, LockkeeperError } from '../core/errors.js';
import { redactText } from '../core/redact.js';
import type { RunReport } from '../core/report.js';
import type { Printer } from './printer.js';
import { renderError } from './render/error.js';
import { renderRunFailure } from './render/run.js';
import { indent, safe } from './render/text.js';

/** Tells an error in the form that was asked for, and returns the exit status that it has. */
export function reportFailure(thrown: unknown, failedRun: RunReport | null, printer: Printer): ExitCode {
  const error = isLockkeeperError(thrown) ? thrown : internalError(thrown);
  const report = failedRun ?? reportOf(error);
  if (printer.json) {
    printer.document({ ...report, error: error.toJSON() });
    return error.exit;
  }
  const look = printer.talkLook;
  const page =
    report === null ? renderError(error.toJSON(), look) : renderRunFailure(error.toJSON(), report, look);
  printer.complain(`\n${page}`);
  if (printer.verbose) printer.complain(`\n${look.style.dim(indent(traceOf(error), 2))}`);
  return error.exit;
}

function internalError(thrown: unknown): LockkeeperError {
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new LockkeeperError('INTERNAL', {
    message: `Lockkeeper failed in a way that it does not know. ${redactText(message)}`,
    hint: 'Run it again with --verbose, and report what it prints.',
    cause: thrown,
  });
}

/** The error of a run carries the run's report, of the same shape as that of a run that went well. */
function reportOf(error: LockkeeperError): RunReport | null {
  const report: unknown = 'report' in error ? error.report : null;
  const isRun = typeof report === 'object' && report !== null && 'applied' in report && 'notRun' in report;
  return isRun ? (report as RunReport) : null;
}

/** The stacks of an error and of what caused it. */
function traceOf(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current instanceof Error && parts.length < 5; current = current.cause) {
    parts.push(safe(redactText(current.stack ?? String(current))));
  }
  return parts.join('\n\nCaused by\n');
}
