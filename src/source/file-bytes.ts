import { createHash, hash } from 'node:crypto';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';

const slabSize = 262_144;
/** Room for one more small file; where less is left of a slab, a new one is begun. */
const smallFile = 65_536;
/** What is kept of a listing for the reading behind it; what comes after that is read again. */
const mostKept = 16_000_000;

/**
 * Reads many files one after another into large buffers. Most migrations are small, and `readFileSync` spends a size
 * query and an allocation on each; listing thousands of files is the price of every `status`. The bytes are kept, so
 * that what was listed and hashed is the very thing that is read afterwards.
 */
export class FileReader {
  #slab = Buffer.alloc(0);
  #used = 0;
  #room = mostKept;
  readonly #kept = new Map<string, Buffer>();

  /** The bytes of a file; valid until the next call, unless there was room to keep them. @throws whatever the file system says. */
  read(path: string): Buffer {
    if (this.#slab.length - this.#used < smallFile) {
      this.#slab = Buffer.allocUnsafeSlow(slabSize);
      this.#used = 0;
    }
    const free = this.#slab.length - this.#used;
    const descriptor = openSync(path, constants.O_RDONLY);
    let length: number;
    try {
      length = readSync(descriptor, this.#slab, this.#used, free, null);
    } finally {
      closeSync(descriptor);
    }
    if (length === free) return readFileSync(path);
    const bytes = this.#slab.subarray(this.#used, this.#used + length);
    if (length <= this.#room) {
      this.#kept.set(path, bytes);
      this.#used += length;
      this.#room -= length;
    }
    return bytes;
  }

  /** The bytes that `read` gave for this file, handed out once; null where they were not kept. */
  take(path: string): Buffer | null {
    const bytes = this.#kept.get(path);
    this.#kept.delete(path);
    return bytes ?? null;
  }
}

/** The raw checksum of a migration: over its file, or over both halves of a pair with a NUL byte between them. */
export function rawChecksum(up: Buffer, down: Buffer | null): string {
  if (down === null) return hash('sha256', up, 'hex');
  return createHash('sha256').update(up).update('\0').update(down).digest('hex');
}
