import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';

/** Where projects keep them that say nothing, or only say it to a build tool. */
const usual = ['sql', 'db/migration', 'src/main/resources/db/migration', 'migrations'];

/**
 * The folders of Flyway's `locations`, absolute. A location without a kind is on the classpath for Flyway; where there
 * is such a folder in the project, it is that one.
 * @throws {CONFIG_INVALID} for a location that is no folder.
 */
export function resolveLocations(
  said: readonly string[],
  { root, dir }: { readonly root: string; readonly dir: string | null },
): readonly string[] {
  if (dir !== null) {
    // One of several that Flyway's own configuration names stands for all of them.
    const folders = said.map((location) => resolve(root, location.replace(/^filesystem:/, '')));
    return folders.includes(dir) ? folders.filter((folder) => existsSync(folder)) : [dir];
  }
  if (said.length === 0) {
    const found = usual.find((name) => existsSync(join(root, name)));
    return [join(root, found ?? 'sql')];
  }
  const folders = said.map((location) => folderOf(location, root));
  return folders.filter((folder, index) => folders.indexOf(folder) === index);
}

function folderOf(location: string, root: string): string {
  const [, kind = '', path = ''] = /^(?:([a-z0-9]+):(?![\\/]?[\\/]))?(.*)$/s.exec(location) ?? [];
  if (/[*?]/.test(location)) {
    throw refused(location, 'has wildcards', 'Name each folder: filesystem:sql/one,filesystem:sql/two');
  }
  const folder = resolve(root, path);
  if (kind === 'filesystem' || (kind === '' && existsSync(folder))) return folder;
  const beside = ['src/main/resources', 'src/main/kotlin', 'resources']
    .map((base) => `${base}/${path.replace(/^\/+/, '')}`)
    .find((candidate) => existsSync(join(root, candidate)));
  const what = kind === 'classpath' || kind === '' ? "is on Java's classpath" : `is of the kind "${kind}"`;
  throw refused(
    location,
    what,
    `Set the folder in the configuration of Lockkeeper: migrations: { dir: '${beside ?? 'sql'}', format: 'flyway' }, or in Flyway's: filesystem:${beside ?? 'sql'}`,
  );
}

function refused(location: string, what: string, hint: string): LockkeeperError {
  return new LockkeeperError('CONFIG_INVALID', {
    message: `Flyway's location "${location}" ${what}; only folders of the file system are read.`,
    hint,
    details: { key: 'locations' },
  });
}
