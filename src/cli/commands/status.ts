import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import type { Invocation } from '../invocation.js';
import { needsAttention, renderStatus } from '../render/status.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const check = invocation.flags.on('check');
  return answerVerb(invocation, {
    call: (lockkeeper) => lockkeeper.status(),
    render: renderStatus,
    exit: (report) => (check && (report.pending.length > 0 || needsAttention(report)) ? 1 : 0),
  });
}
