import type { NewOptions } from '../../app/lockkeeper.js';
import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import { given } from '../flag-values.js';
import type { Invocation } from '../invocation.js';
import { renderNew } from '../render/scaffold.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const { flags, args } = invocation;
  const options: NewOptions = {
    name: args[0] ?? '',
    ...given({
      format: flags.text('format') as 'sql' | 'ts' | undefined,
      template: flags.text('template'),
      table: flags.text('table'),
      columns: flags.list('column'),
    }),
  };
  return answerVerb(invocation, { call: (lockkeeper) => lockkeeper.new(options), render: renderNew });
}
