import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { LockkeeperError } from '../core/errors.js';
import { problemAt, inFile } from '../sql/position.js';

/** A text file as it is on disk and as text; a byte order mark is left out of the text. */
export interface DecodedFile {
  readonly bytes: Buffer;
  readonly text: string;
  /** The very bytes that were listed and hashed; false where the file was read a second time. */
  readonly asListed: boolean;
}

/**
 * Reads a file whose text is to be sent to a server; `listed` are its bytes where the listing kept them.
 * @throws {MIGRATION_UNREADABLE} when it cannot be read, is not UTF-8, or holds a NUL character.
 */
export function readText(path: string, shown: string, listed: Buffer | null): DecodedFile {
  const bytes = listed ?? readBytes(path, shown);
  if (!isUtf8(bytes)) throw notUtf8(bytes, shown);
  const decoded = bytes.toString('utf8');
  const text = decoded.startsWith('\uFEFF') ? decoded.slice(1) : decoded;
  const nul = text.indexOf('\0');
  if (nul === -1) return { bytes, text, asListed: listed !== null };
  const problem = problemAt('MIGRATION_UNREADABLE', text, {
    offset: nul,
    message: `"${shown}" holds a NUL character, which PostgreSQL cannot take (08P01).`,
    hint: 'Remove the character; a file saved as UTF-16 is full of them and has to be saved as UTF-8.',
  });
  throw inFile(problem, shown, 0);
}

function readBytes(path: string, shown: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new LockkeeperError('MIGRATION_UNREADABLE', {
      message: `"${shown}" cannot be read: ${(cause as Error).message}.`,
      hint: 'Make the file readable for the user who runs lockkeeper.',
      cause,
    });
  }
}

function notUtf8(bytes: Buffer, shown: string): LockkeeperError {
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff') {
    return new LockkeeperError('MIGRATION_UNREADABLE', {
      message: `"${shown}" is saved as UTF-16.`,
      hint: 'Save the file as UTF-8.',
    });
  }
  let line = 1;
  for (let start = 0; start < bytes.length; line += 1) {
    const feed = bytes.indexOf(10, start);
    const end = feed === -1 ? bytes.length : feed;
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  return new LockkeeperError('MIGRATION_UNREADABLE', {
    message: `"${shown}" is not valid UTF-8; the first bad byte is on line ${line}.`,
    hint: 'Save the file as UTF-8; it may be in Latin-1 or Windows-1252.',
    location: { file: shown, line, column: 1 },
  });
}
