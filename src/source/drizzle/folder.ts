import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseMigrationName } from '../../migration/version.js';
import { ForeignListing } from '../foreign-listing.js';
import type { SourceListing, SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { shownPath } from '../shown-path.js';
import { listSubFolders } from '../sub-folders.js';
import { journalPath, missingJournal, readJournal } from './journal.js';

/** One migration as Drizzle sees it. */
export interface DrizzleEntry {
  /** `0003_square_lightspeed`, or the name of the folder. */
  readonly tag: string;
  /** What Drizzle compares to decide what has to run, and writes as `created_at`. Milliseconds since 1970. */
  readonly when: number;
  /** What its row is known by. */
  readonly key: string;
  readonly path: string;
  readonly downPath: string | null;
}

/** `journal`: files that meta/_journal.json lists. `folders`: what Drizzle writes since version 1. */
export type DrizzleLayout = 'journal' | 'folders';

/** A folder that Drizzle Kit writes; knows more of it than the listing tells, once it was listed. */
export class DrizzleFolder {
  readonly #options: SourceOptions;
  readonly #project: SourceProject;
  #entries: readonly DrizzleEntry[] = [];
  #strays: readonly string[] = [];

  constructor(options: SourceOptions, project: SourceProject) {
    this.#options = options;
    this.#project = project;
  }

  /** In the order in which they run. */
  get entries(): readonly DrizzleEntry[] {
    return this.#entries;
  }

  /** SQL files that no journal lists, as shown to people. */
  get strays(): readonly string[] {
    return this.#strays;
  }

  get layout(): DrizzleLayout {
    return existsSync(journalPath(this.#options.dir)) ? 'journal' : 'folders';
  }

  list(): SourceListing {
    const listing = new ForeignListing(this.#options, this.#project);
    this.#entries = this.layout === 'journal' ? this.#journal(listing) : this.#folders(listing);
    for (const { tag, when, key, path, downPath } of this.#entries) {
      const name = parseMigrationName(tag)?.name ?? '';
      const drizzles = { foreignKey: key, writtenAt: when, hashesUpOnly: true };
      listing.add({ version: tag, name, path, downPath, ...drizzles });
    }
    return listing.result();
  }

  #journal(listing: ForeignListing): readonly DrizzleEntry[] {
    const { dir } = this.#options;
    const entries = readJournal(dir, this.#project.root, listing);
    const seen = new Set<number>();
    const known = entries.flatMap(({ tag, when }): DrizzleEntry[] => {
      const path = join(dir, `${tag}.sql`);
      const key = seen.has(when) ? `${when}/${tag}` : String(when);
      seen.add(when);
      if (existsSync(path))
        return [{ tag, when, key, path, downPath: ifThere(join(dir, `${tag}.down.sql`)) }];
      const shown = this.#shown(path);
      listing.refuse(
        'MIGRATION_UNREADABLE',
        `"${shown}" does not exist, and ${this.#shown(journalPath(dir))} lists it.`,
        {
          hint: 'Bring the file back, or remove its entry from the journal (drizzle-kit drop).',
          shown,
        },
      );
      return [];
    });
    const tags = new Set(entries.map(({ tag }) => tag));
    this.#strays = readdirSync(dir)
      .filter((name) => name.endsWith('.sql') && !tags.has(name.replace(/(?:\.down)?\.sql$/, '')))
      .map((name) => this.#shown(join(dir, name)));
    return known;
  }

  #folders(listing: ForeignListing): readonly DrizzleEntry[] {
    const { dir } = this.#options;
    const names = listSubFolders(dir, this.#project.root).filter((name) =>
      existsSync(join(dir, name, 'migration.sql')),
    );
    const loose = readdirSync(dir).filter((name) => name.endsWith('.sql'));
    if (names.length === 0 && loose.length > 0) throw missingJournal(this.#shown(journalPath(dir)));
    this.#strays = loose.map((name) => this.#shown(join(dir, name)));
    return names.flatMap((tag): DrizzleEntry[] => {
      const path = join(dir, tag, 'migration.sql');
      const when = millisOf(tag);
      if (when !== null)
        return [{ tag, when, key: tag, path, downPath: ifThere(join(dir, tag, 'down.sql')) }];
      const shown = this.#shown(join(dir, tag));
      listing.refuse(
        'MIGRATION_NAME_INVALID',
        `The folder "${shown}" does not begin with a time of 14 digits.`,
        {
          hint: 'Name it as drizzle-kit does: 20240101093000_create_users.',
          shown,
        },
      );
      return [];
    });
  }

  #shown(path: string): string {
    return shownPath(path, this.#project.root);
  }
}

const ifThere = (path: string): string | null => (existsSync(path) ? path : null);

/** Drizzle reads the fourteen digits as a time in UTC. */
function millisOf(folder: string): number | null {
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})/.exec(folder)?.slice(1).map(Number);
  if (parts === undefined) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
