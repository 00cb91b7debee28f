import type { ErrorCode } from '../core/error-catalogue.js';
import { type ErrorInit, LockkeeperError } from '../core/errors.js';
import type { RunReport } from '../core/report.js';

/** A run that did not reach its end. It carries the same report as one that did: applied, failed, not run. */
export class MigrationFailedError extends LockkeeperError {
  readonly report: RunReport;
  constructor(code: ErrorCode, init: ErrorInit, report: RunReport) {
    super(code, init);
    this.name = 'MigrationFailedError';
    this.report = report;
  }
}
