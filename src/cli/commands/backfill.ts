import type { BackfillOptions } from '../../app/lockkeeper.js';
import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import { given } from '../flag-values.js';
import { confirmationOf, type Invocation } from '../invocation.js';
import { renderBackfills } from '../render/backfill.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const [action, version] = invocation.args;
  const options: BackfillOptions = {
    action: action as NonNullable<BackfillOptions['action']>,
    ...given({ version }),
    ...confirmationOf(invocation.flags),
  };
  return answerVerb(invocation, {
    call: (lockkeeper) => lockkeeper.backfill(options),
    render: renderBackfills,
  });
}
