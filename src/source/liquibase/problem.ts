import { LockkeeperError } from '../../core/errors.js';
import type { ErrorCode } from '../../core/error-catalogue.js';
import type { Place } from './place.js';

/** A changelog that says something that cannot be run as it stands; reading goes on, so that all of them are told. */
export function problemAt(
  code: ErrorCode,
  place: Place,
  { message, hint }: { readonly message: string; readonly hint: string },
): LockkeeperError {
  const { file, line } = place;
  return new LockkeeperError(code, { message, hint, location: { file, line, column: 1 } });
}

/** Something that a changelog may hold, and that is never run here. */
export function refusedStep(place: Place, message: string, hint: string): LockkeeperError {
  return problemAt('FOREIGN_STEP_REFUSED', place, {
    message: `${place.file}:${place.line}: ${message}`,
    hint,
  });
}

/** Something that Liquibase would not understand either. */
export function invalidChangelog(place: Place, message: string, hint: string): LockkeeperError {
  return problemAt('FOREIGN_FILE_INVALID', place, {
    message: `${place.file}:${place.line}: ${message}`,
    hint,
  });
}
