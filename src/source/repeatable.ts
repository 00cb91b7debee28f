import { readHead } from '../migration/head.js';
import { saysRepeatable } from '../migration/parse-metadata.js';

/**
 * Whether the comments at the head of an SQL file hold `-- repeatable`. A listing asks this of every file, so the
 * bytes decide for nearly all of them, and only those with a comment that begins with an `r` are looked at closely.
 */
export function holdsRepeatable(bytes: Buffer): boolean {
  return mayHoldRepeatable(bytes) && saysRepeatable(readHead(bytes.toString('utf8')));
}

function mayHoldRepeatable(bytes: Buffer): boolean {
  let pos = startsWithMark(bytes) ? 3 : 0;
  while (pos < bytes.length) {
    const code = bytes[pos] ?? 0;
    if (code <= 32) {
      pos += 1;
    } else if (code === 45 && bytes[pos + 1] === 45) {
      pos += 2;
      while (bytes[pos] === 32 || bytes[pos] === 9 || bytes[pos] === 45) pos += 1;
      if (((bytes[pos] ?? 0) | 32) === 114) return true;
      while (pos < bytes.length && bytes[pos] !== 10 && bytes[pos] !== 13) pos += 1;
    } else {
      // A block comment may have the directive below it; anything else is the first statement.
      return code === 47 && bytes[pos + 1] === 42 && bytes.includes('repeatable');
    }
  }
  return false;
}

function startsWithMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
