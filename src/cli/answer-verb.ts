import type { ExitCode } from '../core/error-catalogue.js';
import type { Lockkeeper } from '../app/lockkeeper.js';
import type { Invocation } from './invocation.js';
import type { Look } from './look.js';
import { followTalk } from './progress.js';

export interface AnswerVerb<Report> {
  readonly call: (lockkeeper: Lockkeeper) => Promise<Report>;
  readonly render: (report: Report, look: Look) => string;
  /** Exit status of a report that is not good news. @default 0 */
  readonly exit?: (report: Report) => ExitCode;
}

/** A verb that looks or writes files: it asks the library once and shows the answer. */
export function answerVerb<Report>(invocation: Invocation, verb: AnswerVerb<Report>): Promise<ExitCode> {
  const { printer, talk } = invocation;
  return invocation.withLockkeeper(async (lockkeeper) => {
    const stop = followTalk(lockkeeper, { talk, look: printer.talkLook, verbose: printer.verbose });
    const report = await verb.call(lockkeeper).finally(stop);
    if (printer.json) printer.document(report);
    else printer.answer(verb.render(report, printer.look));
    return verb.exit?.(report) ?? 0;
  });
}
