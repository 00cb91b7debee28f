import { LockkeeperError } from '../core/errors.js';

/** Longest name PostgreSQL keeps, in UTF-8 bytes (NAMEDATALEN - 1); longer ones are cut with only a NOTICE. */
export const maxIdentifierBytes = 63;

/**
 * Quotes one identifier. It is always put in quotes, so that no list of reserved words has to be right.
 * @throws {USAGE_INVALID} for an empty name, and for one that holds a NUL or half a surrogate pair.
 */
export function quoteIdent(name: string): string {
  if (name === '')
    throw refused('An SQL identifier is empty.', 'Give the object a name of at least one character.');
  assertSendable(name, 'An SQL identifier');
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes `schema.name`, each part on its own, so that a dot inside a part stays part of the name. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/**
 * Quotes a value as a string literal, for the places where the protocol takes no parameter (SET, COMMENT, utility
 * statements). A backslash makes it an `E''` string, which reads the same whatever standard_conforming_strings says.
 * @throws {USAGE_INVALID} for a value that holds a NUL or half a surrogate pair.
 */
export function quoteLiteral(value: string): string {
  assertSendable(value, 'An SQL string');
  const doubled = value.replaceAll("'", "''");
  return value.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** Whether PostgreSQL keeps the whole name. A longer one would silently be cut and could meet another object. */
export function fitsIdentifier(name: string): boolean {
  return Buffer.byteLength(name, 'utf8') <= maxIdentifierBytes;
}

/** NUL ends a protocol string (08P01); half a surrogate pair would reach the server as another character. */
function assertSendable(text: string, what: string): void {
  if (text.includes('\0')) {
    throw refused(
      `${what} holds a NUL character, which PostgreSQL cannot store.`,
      'Remove the NUL character.',
    );
  }
  if (!text.isWellFormed()) {
    throw refused(
      `${what} holds half of a surrogate pair, which is no character.`,
      'Remove the broken character.',
    );
  }
}

function refused(message: string, hint: string): LockkeeperError {
  return new LockkeeperError('USAGE_INVALID', { message, hint });
}
