import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import type { Invocation } from '../invocation.js';
import { renderServer } from '../render/server.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const action = invocation.args[0] as 'start' | 'stop' | 'status' | 'url';
  if (action === 'url') {
    return answerVerb(invocation, {
      call: async (lockkeeper) => ({ url: await lockkeeper.db.url() }),
      render: ({ url }) => url,
    });
  }
  return answerVerb(invocation, {
    call: (lockkeeper) => lockkeeper.db[action](),
    render: (report, look) => renderServer(report, invocation.program, look),
  });
}
