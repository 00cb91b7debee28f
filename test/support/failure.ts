import { isLockkeeperError, type LockkeeperError } from '../../src/core/errors.js';

/** The error of ours with which a promise fails; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<LockkeeperError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome))
    throw new Error(`Expected a failure, got ${JSON.stringify(outcome.value).slice(0, 2000)}`);
  const { error } = outcome;
  if (isLockkeeperError(error)) return error;
  throw new Error('Expected an error of Lockkeeper.', { cause: error });
}
