import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import type { Invocation } from '../invocation.js';
import { renderConfig } from '../render/config.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const explain = invocation.flags.on('explain');
  return answerVerb(invocation, {
    call: (lockkeeper) => lockkeeper.config(),
    render: (report, look) => renderConfig(report, explain, look),
  });
}
