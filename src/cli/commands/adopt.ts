import type { AdoptOptions } from '../../app/lockkeeper.js';
import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import { confirmationOf, type Invocation } from '../invocation.js';
import { renderAdopt } from '../render/adopt.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const options = optionsOf(invocation);
  return answerVerb(invocation, { call: (lockkeeper) => lockkeeper.adopt(options), render: renderAdopt });
}

function optionsOf({ flags, args }: Invocation): AdoptOptions {
  const [format] = args;
  return {
    ...(format === undefined ? {} : { format }),
    dryRun: flags.on('dry-run'),
    forget: flags.on('forget'),
    baseline: flags.on('baseline'),
    ...confirmationOf(flags),
  };
}
