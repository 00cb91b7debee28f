import type { InitOptions } from '../../app/lockkeeper.js';
import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import { given } from '../flag-values.js';
import type { Invocation } from '../invocation.js';
import { renderInit } from '../render/scaffold.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const { flags } = invocation;
  const options: InitOptions = given({
    ci: flags.boolean('ci'),
    agents: flags.boolean('agents'),
    scripts: flags.on('no-scripts') ? false : undefined,
    format: flags.text('format') as 'sql' | 'ts' | undefined,
  });
  return answerVerb(invocation, {
    call: (lockkeeper) => lockkeeper.init(options),
    render: renderInit,
  });
}
