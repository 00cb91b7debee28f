import type { ExitCode } from '../../core/error-catalogue.js';
import { given } from '../flag-values.js';
import { confirmationOf, type Invocation } from '../invocation.js';
import { renderRedo } from '../render/run.js';
import { runVerb } from '../run-verb.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const options = {
    ...given({ steps: invocation.flags.number('steps') }),
    ...confirmationOf(invocation.flags),
  };
  return runVerb(invocation, {
    call: (lockkeeper) => lockkeeper.redo(options),
    render: renderRedo,
    warnings: (report) => report.up.warnings,
  });
}
