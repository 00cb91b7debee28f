import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LockkeeperError } from '../core/errors.js';

/**
 * Imports the copy of a library that the user's project has installed: its migrations were written for that one.
 * @throws {PACKAGE_MISSING} naming the package to install.
 */
export async function importProjectPackage(
  root: string,
  name: string,
  neededFor: string,
): Promise<Readonly<Record<string, unknown>>> {
  return (await import(pathToFileURL(resolveProjectPackage(root, name, neededFor)).href)) as Readonly<
    Record<string, unknown>
  >;
}

/**
 * The same at once, for places that cannot wait. From Node 20.19 on this loads ES modules, too.
 * @throws {PACKAGE_MISSING}
 */
export function requireProjectPackage(root: string, name: string, neededFor: string): unknown {
  const key = `${root}\0${name}`;
  const known = required.get(key);
  if (known !== undefined) return known;
  const path = resolveProjectPackage(root, name, neededFor);
  const loaded = createRequire(join(root, 'package.json'))(path) as unknown;
  required.set(key, loaded);
  return loaded;
}

/** Node looks for a package in every folder upwards, each time; a thousand migrations ask for the same one. */
const required = new Map<string, unknown>();

/** Absolute path of what `name` (`knex`, `knex/lib/dialects/postgres/index.js`) is in the project. @throws {PACKAGE_MISSING} */
export function resolveProjectPackage(root: string, name: string, neededFor: string): string {
  try {
    return createRequire(join(root, 'package.json')).resolve(name);
  } catch (cause) {
    const packageName = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
    throw new LockkeeperError('PACKAGE_MISSING', {
      message: `${neededFor} needs the package "${packageName}", and the project has none.`,
      hint: `Install it in the project: npm install ${packageName}`,
      details: { package: packageName },
      cause,
    });
  }
}
