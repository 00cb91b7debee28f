import { createHash, hash } from 'node:crypto';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';

const bufferSize = 65_536;

/**
 * Reads many files one after another into one buffer. Most migrations fit into it, which saves the size query and
 * the allocation that `readFileSync` spends on each; listing thousands of files is the price of every `status`.
 */
export class FileReader {
  readonly #buffer = Buffer.allocUnsafeSlow(bufferSize);

  /** The bytes of a file; valid until the next call. @throws whatever the file system says. */
  read(path: string): Buffer {
    const descriptor = openSync(path, constants.O_RDONLY);
    let length: number;
    try {
      length = readSync(descriptor, this.#buffer, 0, bufferSize, null);
    } finally {
      closeSync(descriptor);
    }
    return length < bufferSize ? this.#buffer.subarray(0, length) : readFileSync(path);
  }
}

/** The raw checksum of a migration: over its file, or over both halves of a pair with a NUL byte between them. */
export function rawChecksum(up: Buffer, down: Buffer | null): string {
  if (down === null) return hash('sha256', up, 'hex');
  return createHash('sha256').update(up).update('\0').update(down).digest('hex');
}
