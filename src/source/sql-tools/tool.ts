import { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import type { ForeignHistory, ForeignRecord } from '../../migration/foreign.js';
import { emptyMetadata, type Metadata, type TransactionMode } from '../../migration/metadata.js';
import type { ForeignFormat, MigrationFile } from '../../migration/migration.js';
import { readText } from '../decode.js';
import { ForeignListing } from '../foreign-listing.js';
import type {
  Format,
  FormatConfiguration,
  FormatRequest,
  FormatSource,
  NewFile,
  NewFileRequest,
} from '../format.js';
import type { SourceProject } from '../list.js';
import type { FormatSettings, SourceOptions } from '../options.js';
import { assembleMigration, attempt, type Outcome, unusable } from '../outcome.js';
import { readingOf } from '../reading.js';
import { shownPath } from '../shown-path.js';
import { emptySql, sqlScriptOf } from '../sql-text.js';

/** A text file of a migration. */
export interface ToolText {
  readonly text: string;
  /** For people. */
  readonly file: string;
}

/** What a tool's files say, before they are cut into statements. Lines that are not of a way are blank in its text. */
export interface ParsedFile {
  readonly up: string;
  /** Null where there is no way back. */
  readonly down: string | null;
  readonly transaction?: TransactionMode | null;
  readonly transactionDown?: TransactionMode | null;
  readonly problems?: readonly LockkeeperError[];
  readonly warnings?: readonly Warning[];
}

/** What is particular to one of the tools whose migrations are SQL and nothing else. */
export interface SqlTool {
  readonly name: ForeignFormat;
  readonly title: string;
  configure(this: void, request: FormatRequest): Promise<FormatConfiguration> | FormatConfiguration;
  /** Adds what lies in the folder, in the order in which the tool runs it. @throws {MIGRATIONS_DIR_MISSING} */
  list(this: void, listing: ForeignListing, folder: ToolFolder): void;
  /** `down` is null where the way back has no file of its own. */
  parse(this: void, up: ToolText, down: ToolText | null, folder: ToolFile): ParsedFile;
  /** `known`: the keys of the listing, in order. */
  history(this: void, settings: FormatSettings, known: () => readonly string[]): ForeignHistory;
  record(this: void, file: ToolFile, texts: { readonly up: string }): ForeignRecord;
  create?(this: void, dir: string, request: NewFileRequest): readonly NewFile[];
}

export interface ToolFolder {
  readonly dir: string;
  readonly root: string;
  readonly settings: FormatSettings;
}

/** One file on its way through a tool. */
export interface ToolFile {
  readonly file: MigrationFile;
  readonly key: string;
  readonly settings: FormatSettings;
  /** Of the whole listing, in order. */
  readonly known: readonly string[];
}

/** Makes a format of a tool's particulars. */
export function sqlToolFormat(tool: SqlTool): Format {
  return {
    name: tool.name,
    title: tool.title,
    configure: async (request) => await tool.configure(request),
    open: (options, project) => openTool(tool, options, project),
  };
}

function openTool(tool: SqlTool, options: SourceOptions, project: SourceProject): FormatSource {
  const { dir, settings = {} } = options;
  let keys: readonly string[] | null = null;
  const list = () => {
    const listing = new ForeignListing(options, project);
    tool.list(listing, { dir, root: project.root, settings });
    const found = listing.result();
    keys = found.files.map((file) => file.foreignKey ?? file.version);
    return found;
  };
  const known = (): readonly string[] => keys ?? list().files.map((file) => file.foreignKey ?? file.version);
  const { create } = tool;
  return {
    list,
    read: (files) => {
      const outcomes = files.map((file) =>
        readOne(tool, { file, key: file.foreignKey ?? file.version, settings, known: known() }, project),
      );
      return Promise.resolve(readingOf(outcomes));
    },
    history: tool.history(settings, known),
    isCode: false,
    ...(create === undefined ? {} : { create: (request: NewFileRequest) => create(dir, request) }),
  };
}

function readOne(tool: SqlTool, each: ToolFile, project: SourceProject): Outcome {
  const { file } = each;
  return attempt(() => {
    if (!/\.(?:sql|psql|pgsql|up|down)$/i.test(file.path)) throw notSql(tool, file, project.root);
    const up = readFile(file.path, project);
    const { downPath } = file;
    const down = downPath === null || downPath === file.path ? null : readFile(downPath, project);
    const parsed = tool.parse(up, down, each);
    const upScript = sqlScriptOf({ text: parsed.up, file: up.file, lineOffset: 0 });
    const downFile = (down ?? up).file;
    const downScript =
      parsed.down === null ? null : sqlScriptOf({ text: parsed.down, file: downFile, lineOffset: 0 });
    const problems = [
      ...(parsed.problems ?? []),
      ...upScript.problems,
      ...(downScript === null ? [] : downScript.problems),
    ];
    if (problems.length > 0) return unusable(problems, parsed.warnings);
    const scripts = {
      up: upScript.script ?? emptySql(up.file),
      down: downScript === null ? null : (downScript.script ?? emptySql(downFile)),
      validateBefore: null,
      validateAfter: null,
    };
    // All of these tools run their migrations on one connection, and reset nothing between them.
    const foreign = { foreign: tool.record(each, { up: up.text }), keepsSession: true };
    const migration = assembleMigration(file, { metadata: metadataOf(parsed), ...scripts }, foreign);
    return { migration, problems: [], warnings: parsed.warnings ?? [] };
  });
}

function metadataOf({ transaction, transactionDown }: ParsedFile): Metadata {
  const up = transaction ?? 'auto';
  const down = transactionDown ?? up;
  if (up === 'auto' && down === 'auto') return emptyMetadata;
  return { ...emptyMetadata, transaction: up, transactionDown: down === up ? null : down };
}

function readFile(path: string, { root, reader }: SourceProject): ToolText {
  const file = shownPath(path, root);
  return { text: readText(path, file, reader.take(path)).text, file };
}

function notSql({ title }: SqlTool, { path, version }: MigrationFile, root: string): LockkeeperError {
  const file = shownPath(path, root);
  return new LockkeeperError('FOREIGN_STEP_REFUSED', {
    message: `"${file}" is not SQL. It is never run here.`,
    hint: `Write what it does as SQL under the same version; or let ${title} run it, and then say so: lockkeeper mark ${version} --applied`,
    details: { file },
  });
}
