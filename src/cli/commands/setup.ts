import type { ExitCode } from '../../core/error-catalogue.js';
import type { Invocation } from '../invocation.js';
import { renderRun } from '../render/run.js';
import { runVerb } from '../run-verb.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  return runVerb(invocation, {
    call: (lockkeeper) => lockkeeper.setup(),
    render: renderRun,
    warnings: (report) => report.warnings,
  });
}
