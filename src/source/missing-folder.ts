import { LockkeeperError } from '../core/errors.js';
import { shownPath } from './shown-path.js';

/** Why the folder of another tool's migrations cannot be listed. */
export function missingFolder(dir: string, root: string, cause: unknown): LockkeeperError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const shown = shownPath(dir, root);
  return new LockkeeperError('MIGRATIONS_DIR_MISSING', {
    message:
      code === 'ENOENT'
        ? `The migrations folder "${shown}" does not exist.`
        : `The migrations folder "${shown}" cannot be read: ${message}.`,
    hint: 'Set "dir" under "migrations" in the configuration to the folder, or correct it where the other tool\'s configuration says it.',
    details: { dir: shown },
    cause,
  });
}
