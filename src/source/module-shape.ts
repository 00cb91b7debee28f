import { LockkeeperError } from '../core/errors.js';
import { emptyMetadata, type Metadata } from '../migration/metadata.js';
import type { MigrationFile } from '../migration/migration.js';
import { parseMetadataObject, type ParsedMetadata } from '../migration/parse-metadata.js';
import { versionIdentity } from '../migration/version.js';
import type { Ways } from './unfilled.js';

/** What a code migration exports, whatever its shape; the scripts are not yet looked at. */
export interface InterpretedModule {
  readonly metadata: Metadata;
  readonly up: unknown;
  readonly down: unknown;
  readonly validate: unknown;
  /** `up` and `down` as they stand in the file. */
  readonly written: Ways;
  readonly problems: readonly LockkeeperError[];
}

type Exports = Readonly<Record<string, unknown>>;

const scriptKeys = ['up', 'down', 'validate', 'meta', 'default'];
/** Keys of the object with an `id`, as some projects' own migration managers use it. Each is dealt with by name. */
const managerKeys = ['id', 'name', 'version', 'checksum', ...scriptKeys];

const acceptedShapes =
  'Accepted: "export default defineMigration({ up, down })", or "export const up = …" with "down" and "meta". ' +
  'up and down are SQL (a text or the sql tag), a list of steps, or an async function that is given db.';

/** Finds `up` and what belongs to it in a module. */
export function interpretModule(module: Exports, file: MigrationFile, shown: string): InterpretedModule {
  const object = findDefinition(module);
  if (object === null) {
    throw shapeError(shown, describeExports(module), acceptedShapes);
  }
  const { definition, named } = object;
  const manager = !named && typeof definition['id'] === 'string';
  const parsed = parseMetadata({ definition, named, manager });
  const problems = parsed.problems.map(({ message, hint }) => metadataError(shown, message, hint));
  if (parsed.metadata.repeatable !== file.repeatable && parsed.metadata.repeatable) {
    problems.push(
      metadataError(
        shown,
        '"repeatable" is not accepted in a code migration, because a listing does not run code.',
        `Name the file R__${file.name || 'name'}.ts instead.`,
      ),
    );
  }
  if (manager) problems.push(...checkId(definition['id'] as string, file, shown));
  return {
    metadata: { ...parsed.metadata, repeatable: file.repeatable },
    up: bound(definition, 'up'),
    down: bound(definition, 'down'),
    validate: definition['validate'],
    written: { up: definition['up'], down: definition['down'] },
    problems,
  };
}

/** A wrong shape, with what is accepted. */
export function shapeError(shown: string, message: string, hint: string): LockkeeperError {
  return new LockkeeperError('MIGRATION_SHAPE_INVALID', {
    message: `"${shown}": ${message}`,
    hint,
    location: { file: shown, line: 1, column: 1 },
  });
}

/** The default export that has `up`, however often it is wrapped, or the module itself. */
function findDefinition(module: Exports): { definition: Exports; named: boolean } | null {
  const first = module['default'];
  const second = isObject(first) ? first['default'] : undefined;
  for (const candidate of [second, first]) {
    if (isObject(candidate) && candidate['up'] !== undefined) return { definition: candidate, named: false };
  }
  return module['up'] === undefined ? null : { definition: module, named: true };
}

function parseMetadata(found: { definition: Exports; named: boolean; manager: boolean }): ParsedMetadata {
  const { definition, named, manager } = found;
  const meta = definition['meta'] ?? (named ? definition['metadata'] : undefined);
  const fromMeta = isObject(meta) ? parseMetadataObject(meta, []) : { metadata: emptyMetadata, problems: [] };
  if (named) return fromMeta;
  // Functions beside up and down are the module's own business; anything else may be a misspelt key.
  const functions = Object.keys(definition).filter((key) => typeof definition[key] === 'function');
  const own = manager ? managerKeys : scriptKeys;
  const direct = parseMetadataObject(definition, [...own, ...functions]);
  const metadata = isObject(meta) ? merge(direct.metadata, fromMeta.metadata) : direct.metadata;
  return {
    metadata: manager ? withManagerKeys(metadata, definition) : metadata,
    problems: [...direct.problems, ...fromMeta.problems],
  };
}

/** The manager's `version` is a release, and its `name` is a sentence for people. */
function withManagerKeys(metadata: Metadata, definition: Exports): Metadata {
  const text = (key: string) => (typeof definition[key] === 'string' ? definition[key] : null);
  return {
    ...metadata,
    release: metadata.release ?? text('version'),
    description: metadata.description ?? text('name'),
  };
}

/** What `meta` says wins where both say something. */
function merge(base: Metadata, over: Metadata): Metadata {
  const said = Object.entries(over).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(emptyMetadata[key as keyof Metadata]),
  );
  return { ...base, ...(Object.fromEntries(said) as Partial<Metadata>) };
}

function checkId(id: string, file: MigrationFile, shown: string): LockkeeperError[] {
  const accepted = [file.version, `${file.version}_${file.name}`];
  if (accepted.includes(id) || versionIdentity(id) === versionIdentity(file.version)) return [];
  return [
    new LockkeeperError('MIGRATION_METADATA_INVALID', {
      message: `The id "${id}" is not that of the file "${shown}".`,
      hint: `Rename the file, or set the id to "${accepted[1]}". The history goes by the file name.`,
      details: { version: file.version, id },
      location: { file: shown, line: 1, column: 1 },
    }),
  ];
}

/** Methods keep their object, so that `this.helper()` works inside them. `length` stays as it was. */
function bound(definition: Exports, key: 'up' | 'down'): unknown {
  const value = definition[key];
  return typeof value === 'function' ? (value.bind(definition) as unknown) : value;
}

function metadataError(shown: string, message: string, hint: string): LockkeeperError {
  return new LockkeeperError('MIGRATION_METADATA_INVALID', {
    message: `"${shown}": ${message}`,
    hint,
    location: { file: shown, line: 1, column: 1 },
  });
}

function describeExports(module: Exports): string {
  const names = Object.keys(module).filter((name) => name !== '__esModule' && name !== 'module.exports');
  const fallback = module['default'];
  if (names.length === 0) return 'it exports nothing.';
  if (names.length > 1 || fallback === undefined) return `it exports ${names.join(', ')}, and no "up".`;
  if (typeof fallback === 'function') return 'its default export is a function.';
  return isObject(fallback)
    ? 'its default export has no "up".'
    : `its default export is a ${typeof fallback}.`;
}

function isObject(value: unknown): value is Exports {
  return typeof value === 'object' && value !== null;
}
