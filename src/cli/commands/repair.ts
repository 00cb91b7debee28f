import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import { given } from '../flag-values.js';
import { confirmationOf, reasonOf, type Invocation } from '../invocation.js';
import { renderRepair } from '../render/scaffold.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const { flags, args } = invocation;
  const as = flags.on('done') ? ('done' as const) : flags.on('again') ? ('again' as const) : undefined;
  const options = {
    version: args[0] ?? '',
    why: reasonOf('repair', flags),
    ...given({ step: flags.number('step'), as }),
    ...confirmationOf(flags),
  };
  return answerVerb(invocation, { call: (lockkeeper) => lockkeeper.repair(options), render: renderRepair });
}
