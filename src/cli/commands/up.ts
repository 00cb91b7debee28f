import type { ExitCode } from '../../core/error-catalogue.js';
import { given } from '../flag-values.js';
import { confirmationOf, type Invocation } from '../invocation.js';
import { runOrDryRun, runVerb } from '../run-verb.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const { flags } = invocation;
  const options = {
    ...confirmationOf(flags),
    ...given({
      to: flags.text('to'),
      steps: flags.number('steps'),
      only: flags.text('only'),
      tags: flags.list('tags'),
      dryRun: flags.boolean('dry-run'),
      singleTransaction: flags.boolean('single-transaction'),
    }),
  };
  return runVerb(invocation, { ...runOrDryRun, call: (lockkeeper) => lockkeeper.up(options) });
}
