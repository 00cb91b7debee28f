import { LockkeeperError } from '../../core/errors.js';

const maxNameBytes = 200;

/**
 * A name for a file, in snake case: `AddEmailToUsers`, `add-email to users` and `add_email_to_users` are one.
 * @throws {MIGRATION_NAME_INVALID} for what could leave the folder or hide in a listing.
 */
export function toMigrationName(name: string): string {
  const shown = JSON.stringify(name);
  if (/[/\\]/.test(name)) {
    throw invalid(
      `The name ${shown} holds a path separator.`,
      'Give a name only; the folder is configured by "migrations".',
    );
  }
  const strange = /[^\p{L}\p{M}\p{N}_.\- ]/u.exec(name)?.[0];
  if (strange !== undefined) {
    throw invalid(
      `The name ${shown} holds ${JSON.stringify(strange)}.`,
      'Use letters, digits, blanks, "_" and "-".',
    );
  }
  const snake = name
    .normalize('NFC')
    .replaceAll(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .replaceAll(/[_.\- ]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .toLowerCase();
  if (snake === '') {
    throw invalid(
      name === '' ? 'The new migration has no name.' : `The name ${shown} holds no letter.`,
      'Say what it does: lockkeeper new create_users',
    );
  }
  if (Buffer.byteLength(snake) > maxNameBytes) {
    throw invalid(`The name ${shown} is longer than ${maxNameBytes} bytes.`, 'Use a shorter one.');
  }
  return snake;
}

/** For people: `create_users` is `Create users`. */
export function toTitle(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function invalid(message: string, hint: string): LockkeeperError {
  return new LockkeeperError('MIGRATION_NAME_INVALID', { message, hint, details: { option: 'name' } });
}
