import { readdirSync, statSync, type Dirent } from 'node:fs';
import { sep } from 'node:path';
import { LockkeeperError } from '../core/errors.js';
import type { MigrationFile } from '../migration/migration.js';
import { parseMigrationName, sortByVersion, versionIdentity } from '../migration/version.js';
import { type FileReader, rawChecksum } from './file-bytes.js';
import { parseFileKind, type FileKind } from './file-kind.js';
import type { SourceOptions } from './options.js';
import { holdsRepeatable } from './repeatable.js';
import { shownPath } from './shown-path.js';

/** What a folder holds: names and hashes; nothing was parsed or imported. */
export interface SourceListing {
  /** In the order of their versions, repeatable ones last. */
  readonly files: readonly MigrationFile[];
  /** Duplicates, names without a version, files that cannot be read. They are not among `files`. */
  readonly problems: readonly LockkeeperError[];
}

/** The project that a folder belongs to. */
export interface SourceProject {
  readonly root: string;
  /** Keeps what a listing read for the reading after it. */
  readonly reader: FileReader;
}

/** A way up with its way down, before anything was read. */
interface Candidate {
  readonly format: MigrationFile['format'];
  readonly stem: string;
  readonly path: string;
  readonly downPath: string | null;
}

/** How many files are read between two pauses of a listing: about a millisecond. */
const sliceOfFiles = 64;

/**
 * Lists a folder: file names and the hashes of their bytes.
 * @throws {MIGRATIONS_DIR_MISSING} when there is no such folder.
 */
export function listMigrations(options: SourceOptions, project: SourceProject): SourceListing {
  const slices = listInSlices(options, project);
  for (;;) {
    const slice = slices.next();
    if (slice.done === true) return slice.value;
  }
}

/** The same with pauses, in which the caller may do something else. The first comes before any file was read. */
export function listInSlices(
  options: SourceOptions,
  project: SourceProject,
): Generator<undefined, SourceListing> {
  return new Listing(options, project).run();
}

/** One listing of one folder; gathers problems instead of stopping at the first. */
class Listing {
  readonly #options: SourceOptions;
  readonly #root: string;
  readonly #reader: FileReader;
  readonly #candidates: Candidate[] = [];
  readonly #downs = new Map<string, string>();
  readonly #problems: LockkeeperError[] = [];

  constructor(options: SourceOptions, { root, reader }: SourceProject) {
    this.#options = options;
    this.#root = root;
    this.#reader = reader;
  }

  *run(): Generator<undefined, SourceListing> {
    this.#collect();
    yield;
    const read: MigrationFile[] = [];
    for (const [index, candidate] of this.#candidates.entries()) {
      if (index % sliceOfFiles === sliceOfFiles - 1) yield;
      const file = this.#read(candidate);
      if (file !== null) read.push(file);
    }
    for (const [stem, path] of this.#downs) this.#refuseLonelyDown(stem, path);
    const files = this.#withoutDuplicates(sortByVersion(read, (file) => file.version));
    const repeatable = files.filter((file) => file.repeatable);
    const ordered =
      repeatable.length === 0 ? files : [...files.filter((file) => !file.repeatable), ...repeatable];
    return { files: ordered, problems: this.#problems };
  }

  #collect(): void {
    const { dir } = this.#options;
    const halves: (readonly [FileKind, string])[] = [];
    // Node gives the names of a folder sorted, so that nothing here depends on the file system's order.
    for (const entry of readFolder(dir, this.#root)) {
      const path = `${dir}${sep}${entry.name}`;
      if (isFolder(entry, path)) {
        this.#collectFolder(entry.name, path);
        continue;
      }
      const kind = entry.isFile() || entry.isSymbolicLink() ? parseFileKind(entry.name) : null;
      if (kind === null) continue;
      if (kind.half === 'down') this.#downs.set(kind.stem, path);
      else halves.push([kind, path]);
    }
    for (const [{ format, stem }, path] of halves) {
      const downPath = format === 'sql' ? (this.#downs.get(stem) ?? null) : null;
      if (downPath !== null) this.#downs.delete(stem);
      this.#candidates.push({ format, stem, path, downPath });
    }
  }

  /** `X/up.sql` with or without `X/down.sql`. Other folders are none of ours, unless their name holds a version. */
  #collectFolder(name: string, path: string): void {
    if (name.startsWith('.') || name === 'node_modules') return;
    const inside = this.#attempt(path, () => readdirSync(path));
    if (inside === null) return;
    if (inside.includes('up.sql')) {
      const downPath = inside.includes('down.sql') ? `${path}${sep}down.sql` : null;
      this.#candidates.push({ format: 'sql', stem: name, path: `${path}${sep}up.sql`, downPath });
    } else if (parseMigrationName(name) !== null && inside.some((file) => parseFileKind(file) !== null)) {
      this.#problems.push(
        new LockkeeperError('MIGRATION_NAME_INVALID', {
          message: `The folder "${this.#shown(path)}" has the name of a migration and holds no up.sql.`,
          hint: 'Put its SQL into up.sql (and down.sql), or move the files into the migrations folder itself.',
          details: { file: this.#shown(path) },
        }),
      );
    }
  }

  #read(candidate: Candidate): MigrationFile | null {
    const { format, path, downPath } = candidate;
    if (/\p{Cc}/u.test(candidate.stem)) {
      this.#refuseControlCharacter(path);
      return null;
    }
    const parsed = parseMigrationName(candidate.stem);
    const down =
      downPath === null ? null : this.#attempt(downPath, () => Buffer.from(this.#reader.read(downPath)));
    const up = this.#attempt(path, () => this.#reader.read(path));
    if (up === null || (down === null && downPath !== null)) return null;
    const repeatable = parsed?.repeatable === true || (format === 'sql' && holdsRepeatable(up));
    if (parsed === null && !repeatable) {
      this.#refuseName(candidate);
      return null;
    }
    return {
      source: this.#options.name,
      version: parsed?.version ?? `R__${candidate.stem}`,
      name: parsed?.name ?? candidate.stem,
      format,
      repeatable,
      path,
      downPath,
      checksum: rawChecksum(up, down),
    };
  }

  /** Of files with one version the first stays. They are neighbours in the sorted list. */
  #withoutDuplicates(sorted: readonly MigrationFile[]): MigrationFile[] {
    let kept: MigrationFile | undefined;
    return sorted.filter((file) => {
      const same = kept !== undefined && versionIdentity(kept.version) === versionIdentity(file.version);
      if (kept !== undefined && same) this.#problems.push(this.#duplicate(kept, file));
      else kept = file;
      return !same;
    });
  }

  #duplicate(first: MigrationFile, second: MigrationFile): LockkeeperError {
    const files = [this.#shown(first.path), this.#shown(second.path)];
    const same =
      first.version === second.version
        ? `version ${first.version}`
        : `the same version (${first.version} and ${second.version} are one number)`;
    return new LockkeeperError('MIGRATION_DUPLICATE', {
      message: `Two files have ${same}: "${files[0]}" and "${files[1]}".`,
      hint: 'Give the newer one a later version (lockkeeper new makes one), or remove one of them.',
      details: { version: second.version, files },
    });
  }

  #refuseName({ path, format }: Candidate): void {
    const file = this.#shown(path);
    this.#problems.push(
      new LockkeeperError('MIGRATION_NAME_INVALID', {
        message: `"${file}" has no version at the beginning of its name.`,
        hint:
          format === 'sql'
            ? 'Name it like 20240101093000_create_users.sql or 0001_create_users.sql, or move it out of the folder.'
            : 'Name it like 20240101093000_create_users.ts; a module that migrations share begins with "_".',
        details: { file },
      }),
    );
  }

  /** A terminal would act on it, and nobody could type it. */
  #refuseControlCharacter(path: string): void {
    const file = JSON.stringify(this.#shown(path));
    this.#problems.push(
      new LockkeeperError('MIGRATION_NAME_INVALID', {
        message: `The file name ${file} holds a control character.`,
        hint: 'Rename the file.',
        details: { file: this.#shown(path) },
      }),
    );
  }

  #refuseLonelyDown(stem: string, path: string): void {
    const file = this.#shown(path);
    this.#problems.push(
      new LockkeeperError('MIGRATION_NAME_INVALID', {
        message: `"${file}" is a way down without its way up.`,
        hint: `Add "${stem}.up.sql" beside it, or remove it.`,
        details: { file },
      }),
    );
  }

  /** Runs a reading; what the file system refuses becomes a problem. */
  #attempt<Value>(path: string, action: () => Value): Value | null {
    try {
      return action();
    } catch (cause) {
      const file = this.#shown(path);
      this.#problems.push(
        new LockkeeperError('MIGRATION_UNREADABLE', {
          message: `"${file}" cannot be read: ${(cause as Error).message}.`,
          hint: 'Make the file readable for the user who runs lockkeeper, or remove it.',
          details: { file },
          cause,
        }),
      );
      return null;
    }
  }

  #shown(path: string): string {
    return shownPath(path, this.#root);
  }
}

/** @throws {MIGRATIONS_DIR_MISSING} when there is no such folder. */
export function readFolder(dir: string, root: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const shown = shownPath(dir, root);
    if (code === 'ENOENT') {
      throw new LockkeeperError('MIGRATIONS_DIR_MISSING', {
        message: `The migrations folder "${shown}" does not exist.`,
        hint: 'Run "lockkeeper init" to set the project up, or "lockkeeper new <name>" to write the first migration.',
        details: { dir: shown },
      });
    }
    throw new LockkeeperError('MIGRATIONS_DIR_MISSING', {
      message: `The migrations folder "${shown}" cannot be read: ${message}.`,
      hint: 'Set "migrations" in the configuration to a folder that can be read.',
      details: { dir: shown },
      cause,
    });
  }
}

function isFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
