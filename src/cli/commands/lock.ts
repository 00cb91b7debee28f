import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import { confirmationOf, type Invocation } from '../invocation.js';
import { renderLock, renderLockRelease } from '../render/lock.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  if (invocation.args[0] === 'status') {
    return answerVerb(invocation, {
      call: (lockkeeper) => lockkeeper.lock.status(),
      render: (report, look) => renderLock(report, invocation.program, look),
    });
  }
  const options = confirmationOf(invocation.flags);
  return answerVerb(invocation, {
    call: (lockkeeper) => lockkeeper.lock.release(options),
    render: renderLockRelease,
  });
}
