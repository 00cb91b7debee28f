import { crc32 } from 'node:zlib';

/**
 * Flyway's checksum: CRC-32 over the UTF-8 bytes of all lines without their ends, as a signed number of 32 bits. So line
 * ends, and a line end at the end of the file, make no difference.
 */
export function flywayChecksum(text: string): number {
  const lines = text.replace(/^\uFEFF/, '').replaceAll(/\r\n|\n|\r/g, '');
  return crc32(Buffer.from(lines, 'utf8')) | 0;
}
