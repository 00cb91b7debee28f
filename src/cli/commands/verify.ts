import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import type { Invocation } from '../invocation.js';
import { renderVerify } from '../render/verify.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  return answerVerb(invocation, {
    call: (lockkeeper) => lockkeeper.verify(),
    render: renderVerify,
    exit: (report) => (report.ok ? 0 : 1),
  });
}
