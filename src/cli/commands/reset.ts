import type { ExitCode } from '../../core/error-catalogue.js';
import { confirmationOf, type Invocation } from '../invocation.js';
import { renderReset } from '../render/run.js';
import { runVerb } from '../run-verb.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const options = confirmationOf(invocation.flags);
  return runVerb(invocation, {
    call: (lockkeeper) => lockkeeper.reset(options),
    render: (report, look) => renderReset(report, 'undone', look),
    warnings: (report) => report.up.warnings,
  });
}
