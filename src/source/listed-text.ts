import type { MigrationFile } from '../migration/migration.js';
import { changedMeanwhile } from './changed-meanwhile.js';
import { readText } from './decode.js';
import { rawChecksum } from './file-bytes.js';
import type { SourceProject } from './list.js';
import { shownPath } from './shown-path.js';

/** The texts of a migration. */
export interface ListedText {
  readonly up: string;
  /** Null where the way down has no file of its own. */
  readonly down: string | null;
}

/** Reads the very bytes that were listed and hashed. @throws {MIGRATION_UNREADABLE} also when they have changed since. */
export function readListed(file: MigrationFile, { root, reader }: SourceProject): ListedText {
  const read = (path: string): ReturnType<typeof readText> =>
    readText(path, shownPath(path, root), reader.take(path));
  const up = read(file.path);
  const down = file.downPath === null ? null : read(file.downPath);
  const asListed = up.asListed && (down?.asListed ?? true);
  if (!asListed && rawChecksum(up.bytes, down?.bytes ?? null) !== file.checksum) {
    throw changedMeanwhile(file, shownPath(file.path, root));
  }
  return { up: up.text, down: down?.text ?? null };
}
