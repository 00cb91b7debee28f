import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ForeignListing } from '../foreign-listing.js';
import { missingFolder } from '../missing-folder.js';
import { shownPath } from '../shown-path.js';

/** The names in a folder, sorted; what is a folder and what a file is told apart. @throws {MIGRATIONS_DIR_MISSING} */
export function namesIn(dir: string, root: string, kind: 'files' | 'folders'): readonly string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => {
        const isFolder = entry.isSymbolicLink()
          ? (statSync(join(dir, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false)
          : entry.isDirectory();
        return isFolder === (kind === 'folders') && !entry.name.startsWith('.');
      })
      .map(({ name }) => name);
  } catch (cause) {
    throw missingFolder(dir, root, cause);
  }
}

export const stampOf = (now: Date): string => now.toISOString().replaceAll(/\D/g, '').slice(0, 14);

/** Numbers of any size, leading zeros aside; equal ones by text. */
export function compareNumbers(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Two files whose numbers are one: 1 and 01. */
export function refuseTwin(
  listing: ForeignListing,
  path: string,
  { version, root }: { readonly version: string; readonly root: string },
): void {
  const shown = shownPath(path, root);
  listing.refuse('MIGRATION_DUPLICATE', `Two files have version ${version}; one of them is "${shown}".`, {
    hint: 'Leading zeros make no difference. Give one of them another version, or remove it.',
    shown,
  });
}
