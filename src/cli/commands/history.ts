import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import { given } from '../flag-values.js';
import type { Invocation } from '../invocation.js';
import { renderHistory } from '../render/history.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const options = given({ limit: invocation.flags.number('limit') });
  return answerVerb(invocation, {
    call: (lockkeeper) => lockkeeper.history(options),
    render: renderHistory,
  });
}
