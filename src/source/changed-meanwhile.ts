import { LockkeeperError } from '../core/errors.js';

/** Between listing and reading again, an editor or a checkout has put other bytes in place. */
export function changedMeanwhile({ version }: { readonly version: string }, shown: string): LockkeeperError {
  return new LockkeeperError('MIGRATION_UNREADABLE', {
    message: `"${shown}" was changed while it was being read.`,
    hint: 'Run the command again.',
    details: { version },
  });
}
