import { LockkeeperError } from '../core/errors.js';
import { type MigrationFile, runsLast } from '../migration/migration.js';
import { rawChecksum } from './file-bytes.js';
import type { SourceListing, SourceProject } from './list.js';
import type { SourceOptions } from './options.js';
import { shownPath } from './shown-path.js';

/** What a format knows of a migration before its bytes are read. */
export type ForeignFile = Pick<MigrationFile, 'version' | 'name' | 'path' | 'downPath'> & {
  /** What the tool's own history knows it by. */
  readonly foreignKey: string;
  readonly repeatable?: boolean;
  /** The tool has no way down: a file that adds one later changes nothing of what was applied. @default false */
  readonly hashesUpOnly?: boolean;
  /** Where one file holds many migrations: what of it is this one, hashed instead of the file. */
  readonly content?: string;
} & Pick<MigrationFile, 'keepsPlace' | 'excluded' | 'writtenAt'>;

/** Gathers the files of one foreign folder, in the order in which the tool would run them. */
export class ForeignListing {
  readonly #options: SourceOptions;
  readonly #project: SourceProject;
  readonly #files: MigrationFile[] = [];
  /** By version. */
  readonly #paths = new Map<string, string>();
  readonly #problems: LockkeeperError[] = [];

  constructor(options: SourceOptions, project: SourceProject) {
    this.#options = options;
    this.#project = project;
  }

  /** Reads and hashes the file; one that cannot be read, or claims a version that is taken, becomes a problem. */
  add(file: ForeignFile): void {
    const { source, format, checksum } = this.#known(file);
    if (checksum === null) return;
    if (/\p{Cc}/u.test(`${file.version}${file.name}`)) {
      this.#refuseControlCharacter(file);
      return;
    }
    const taken = this.#paths.get(file.version);
    if (taken !== undefined) {
      this.#refuseDuplicate(file, taken);
      return;
    }
    this.#paths.set(file.version, file.path);
    const { version, name, path, downPath, foreignKey, repeatable = false } = file;
    const known = { source, version, name, format, repeatable, path, downPath, foreignKey, checksum };
    const { keepsPlace, excluded, writtenAt } = file;
    if (keepsPlace !== undefined || excluded !== undefined) Object.assign(known, { keepsPlace, excluded });
    this.#files.push(writtenAt === undefined ? known : Object.assign(known, { writtenAt }));
  }

  #refuseControlCharacter({ path }: ForeignFile): void {
    const shown = shownPath(path, this.#project.root);
    const message = `The file name ${JSON.stringify(shown)} holds a control character.`;
    this.refuse('MIGRATION_NAME_INVALID', message, { hint: 'Rename the file.', shown });
  }

  #refuseDuplicate({ path, version }: ForeignFile, taken: string): void {
    const { root } = this.#project;
    const shown = shownPath(path, root);
    const message = `Two files have version ${version}: "${shownPath(taken, root)}" and "${shown}".`;
    const hint = 'Remove one of them, or give it another version.';
    this.refuse('MIGRATION_DUPLICATE', message, { hint, shown });
  }

  refuse(
    code: LockkeeperError['code'],
    message: string,
    { hint, shown }: { readonly hint: string; readonly shown: string },
  ): void {
    this.#problems.push(new LockkeeperError(code, { message, hint, details: { file: shown } }));
  }

  /** Repeatable ones last, as `compareState` wants them. */
  result(): SourceListing {
    const last = this.#files.filter(runsLast);
    const files =
      last.length === 0 ? this.#files : [...this.#files.filter((file) => !runsLast(file)), ...last];
    return { files, problems: this.#problems };
  }

  #known({ path, downPath, content, hashesUpOnly = false }: ForeignFile): {
    readonly source: string;
    readonly format: MigrationFile['format'];
    readonly checksum: string | null;
  } {
    const { name: source, format: said } = this.#options;
    const format = said === 'native' ? 'sql' : said;
    if (content !== undefined) return { source, format, checksum: rawChecksum(Buffer.from(content), null) };
    const hashed = hashesUpOnly || downPath === path ? null : downPath;
    const down = hashed === null ? null : this.#read(hashed);
    const up = this.#read(path);
    const missing = up === null || (hashed !== null && down === null);
    return {
      source,
      format,
      checksum: missing ? null : rawChecksum(up, down === null ? null : Buffer.from(down)),
    };
  }

  #read(path: string): Buffer | null {
    try {
      return this.#project.reader.read(path);
    } catch (cause) {
      const shown = shownPath(path, this.#project.root);
      this.refuse('MIGRATION_UNREADABLE', `"${shown}" cannot be read: ${(cause as Error).message}.`, {
        hint: 'Make the file readable for the user who runs lockkeeper, or remove it.',
        shown,
      });
      return null;
    }
  }
}
