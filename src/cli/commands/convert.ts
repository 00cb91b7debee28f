import type { ConvertOptions } from '../../app/lockkeeper.js';
import type { ExitCode } from '../../core/error-catalogue.js';
import { answerVerb } from '../answer-verb.js';
import { confirmationOf, type Invocation } from '../invocation.js';
import { renderConvert } from '../render/convert.js';

export function run(invocation: Invocation): Promise<ExitCode> {
  const options = optionsOf(invocation);
  return answerVerb(invocation, {
    call: (lockkeeper) => lockkeeper.convert(options),
    render: renderConvert,
  });
}

function optionsOf({ flags, args }: Invocation): ConvertOptions {
  const [versions] = args;
  const to = flags.text('to');
  return {
    ...(versions === undefined ? {} : { versions: versions.split(',').filter((word) => word !== '') }),
    ...(to === undefined ? {} : { to }),
    dryRun: flags.on('dry-run'),
    ...confirmationOf(flags),
  };
}
