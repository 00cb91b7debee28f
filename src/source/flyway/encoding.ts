import { readFileSync } from 'node:fs';
import { LockkeeperError } from '../../core/errors.js';

/** A file in an encoding other than UTF-8. @throws {MIGRATION_UNREADABLE} */
export function decodeAs(
  encoding: string,
  { path, shown, listed }: { readonly path: string; readonly shown: string; readonly listed: Buffer | null },
): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(listed ?? readFileSync(path));
  } catch (cause) {
    throw new LockkeeperError('MIGRATION_UNREADABLE', {
      message: `"${shown}" cannot be read as ${encoding}: ${(cause as Error).message}.`,
      hint: 'Correct "encoding" in the configuration of Flyway or in the .conf file of the script, or save the file as UTF-8.',
      cause,
    });
  }
}
