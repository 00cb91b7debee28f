import type { MarkOptions } from '../../app/lockkeeper.js';
import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import { usageError } from '../usage-error.js';
import { confirmationOf, reasonOf, type Invocation } from '../invocation.js';
import { renderMark } from '../render/scaffold.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const options = optionsOf(invocation);
  return answerVerb(invocation, { call: (lockkeeper) => lockkeeper.mark(options), render: renderMark });
}

function optionsOf({ flags, args }: Invocation): MarkOptions {
  if (!flags.on('applied') && !flags.on('pending')) {
    const message = 'The verb mark needs to know what the migration is.';
    throw usageError({ message, hint: 'Add --applied or --pending.' });
  }
  const as = flags.on('applied') ? 'applied' : 'pending';
  return { version: args[0] ?? '', as, why: reasonOf('mark', flags), ...confirmationOf(flags) };
}
