import { LockkeeperError } from '../core/errors.js';
import type { UsageProblem } from './usage.js';

/** A mistake on the command line as the error that it is. */
export function usageError(problem: UsageProblem): LockkeeperError {
  return new LockkeeperError('USAGE_INVALID', {
    message: problem.message,
    hint: problem.hint,
    ...(problem.flag === undefined ? {} : { details: { flag: problem.flag } }),
  });
}
