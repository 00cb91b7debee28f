import { readdirSync } from 'node:fs';
import { missingFolder } from './missing-folder.js';

/**
 * The folders in a folder, hidden ones left out, in the order of `localeCompare`, by which both Prisma and Drizzle sort
 * theirs: the rules of a language, in which `_` comes before digits and case counts last.
 * @throws {MIGRATIONS_DIR_MISSING}
 */
export function listSubFolders(dir: string, root: string): readonly string[] {
  try {
    const { compare } = new Intl.Collator('en');
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort(compare);
  } catch (cause) {
    throw missingFolder(dir, root, cause);
  }
}
