import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import type { ForeignListing } from '../foreign-listing.js';
import { shownPath } from '../shown-path.js';

/** What Drizzle Kit notes of a migration in its journal. */
export interface JournalEntry {
  readonly idx: number;
  readonly when: number;
  readonly tag: string;
}

export const journalPath = (dir: string): string => join(dir, 'meta', '_journal.json');

/** The entries in the order of the journal, by which Drizzle runs them; those that make no sense become problems. */
export function readJournal(dir: string, root: string, listing: ForeignListing): readonly JournalEntry[] {
  const shown = shownPath(journalPath(dir), root);
  const journal = parseJournal(readFileSync(journalPath(dir), 'utf8'), shown);
  const { dialect, entries } = journal;
  if (typeof dialect === 'string' && dialect !== 'postgresql' && dialect !== 'pg') {
    listing.refuse('CONFIG_INVALID', `"${shown}" says that its migrations are for "${dialect}".`, {
      hint: 'Lockkeeper runs those of the dialect "postgresql".',
      shown,
    });
  }
  if (!Array.isArray(entries)) throw unreadable(shown, 'it has no list of "entries"');
  const known = (entries as readonly unknown[]).map((entry, index) => readEntry(entry, index, shown));
  refuseTwins(known, shown, listing);
  return known;
}

function parseJournal(text: string, shown: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    // The usual cause: Git's marks of a conflict, for two branches have each added an entry.
    const conflict = /^(?:<{7}|={7}|>{7})/m.test(text) ? ' It holds the marks of a merge conflict.' : '';
    throw unreadable(shown, `it is not JSON: ${(cause as Error).message}.${conflict}`);
  }
  if (typeof parsed === 'object' && parsed !== null) return parsed as Readonly<Record<string, unknown>>;
  throw unreadable(shown, 'it holds no object');
}

function readEntry(entry: unknown, index: number, shown: string): JournalEntry {
  const { idx, when, tag } = (entry ?? {}) as Partial<Record<keyof JournalEntry, unknown>>;
  if (typeof tag !== 'string' || tag === '' || /[\\/]/.test(tag) || tag.startsWith('.')) {
    throw unreadable(shown, `entry ${index + 1} has no "tag" that names a file`);
  }
  if (typeof when !== 'number' || !Number.isSafeInteger(when)) {
    throw unreadable(shown, `the entry "${tag}" has no time "when" in whole milliseconds`);
  }
  return { idx: typeof idx === 'number' ? idx : index, when, tag };
}

function refuseTwins(entries: readonly JournalEntry[], shown: string, listing: ForeignListing): void {
  const tagOf = new Map<number, string>();
  for (const { idx, tag } of entries) {
    const twin = tagOf.get(idx);
    if (twin === undefined) tagOf.set(idx, tag);
    else {
      listing.refuse(
        'MIGRATION_DUPLICATE',
        `"${shown}" has two entries with idx ${idx}: "${twin}" and "${tag}".`,
        {
          hint: 'Give the later one the next free number, as after every merge of two branches with migrations.',
          shown,
        },
      );
    }
  }
}

/** SQL files, and neither a journal nor folders. */
export const missingJournal = (shown: string): LockkeeperError =>
  new LockkeeperError('MIGRATION_UNREADABLE', {
    message: `"${shown}" does not exist; without it, nothing says which files are migrations of Drizzle, and in which order.`,
    hint: 'Bring it back from version control, or point "dir" to the folder that drizzle-kit writes ("out").',
    details: { file: shown },
  });

const unreadable = (shown: string, why: string): LockkeeperError =>
  new LockkeeperError('MIGRATION_UNREADABLE', {
    message: `The journal "${shown}" cannot be read: ${why.replace(/\.$/, '')}.`,
    hint: 'Mend the file, or bring it back from version control; drizzle-kit check looks at it as well.',
    details: { file: shown },
  });
