import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import type { Invocation } from '../invocation.js';
import { renderTag } from '../render/scaffold.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const name = invocation.args[0] ?? '';
  return answerVerb(invocation, { call: (lockkeeper) => lockkeeper.tag(name), render: renderTag });
}
