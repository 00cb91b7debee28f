import type { ExitCode } from '../../core/error-catalogue.js';
import { given } from '../flag-values.js';
import { confirmationOf, type Invocation } from '../invocation.js';
import { runOrDryRun, runVerb } from '../run-verb.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const { flags } = invocation;
  const options = given({
    to: flags.text('to'),
    steps: flags.number('steps'),
    only: flags.text('only'),
    batch: flags.boolean('batch'),
    all: flags.boolean('all'),
    dryRun: flags.boolean('dry-run'),
    ...confirmationOf(flags),
  });
  return runVerb(invocation, { ...runOrDryRun, call: (lockkeeper) => lockkeeper.down(options) });
}
