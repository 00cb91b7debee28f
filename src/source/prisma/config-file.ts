import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import { shownPath } from '../shown-path.js';

/** What `prisma.config.ts` says of migrations; paths are absolute. */
export interface PrismaConfig {
  readonly schema: string | null;
  readonly migrations: string | null;
  readonly url: string | undefined;
  readonly directUrl: string | undefined;
  readonly notHonoured: readonly { readonly key: string; readonly why: string }[];
}

/** In the order in which Prisma looks for them. */
const extensions = ['js', 'ts', 'mjs', 'cjs', 'mts', 'cts'];
const names = [
  'prisma7.config',
  '.config/prisma7',
  'prisma.config',
  '.config/prisma',
  '.config/prisma.config',
];

export function findPrismaConfig(root: string): string | null {
  const candidates = names.flatMap((name) =>
    extensions.map((extension) => join(root, `${name}.${extension}`)),
  );
  return candidates.find((path) => existsSync(path)) ?? null;
}

/** @throws {CONFIG_INVALID} for what is no configuration of Prisma. */
export function readPrismaConfig(loaded: unknown, file: string, root: string): PrismaConfig {
  const shown = shownPath(file, root);
  const config = objectAt(loaded, `${shown} exports`, true);
  const migrations = objectAt(config['migrations'], `${shown}: "migrations" is`);
  const datasource = objectAt(config['datasource'], `${shown}: "datasource" is`);
  const at = (path: string | undefined): string | null =>
    path === undefined ? null : resolve(dirname(file), path);
  const text = (value: unknown, key: string): string | undefined => {
    if (value === undefined || typeof value === 'string') return value;
    throw invalid(`${shown}: "${key}" is ${typeof value}. Accepted: a text.`);
  };
  return {
    schema: at(text(config['schema'], 'schema')),
    migrations: at(text(migrations['path'], 'migrations.path')),
    url: text(datasource['url'], 'datasource.url'),
    directUrl: text(datasource['directUrl'], 'datasource.directUrl'),
    notHonoured: reasons.filter(({ key }) => isSaid(config, key)),
  };
}

const reasons = [
  { key: 'migrations.seed', why: 'Lockkeeper seeds by "seeds" in its own configuration' },
  { key: 'migrations.initShadowDb', why: "only Prisma's shadow database is set up with it" },
  { key: 'adapter', why: 'Lockkeeper connects by itself' },
];

function isSaid(config: Readonly<Record<string, unknown>>, key: string): boolean {
  const [first = '', second] = key.split('.');
  const value = config[first];
  if (second === undefined) return value !== undefined;
  return typeof value === 'object' && value !== null && Reflect.get(value, second) !== undefined;
}

function objectAt(value: unknown, what: string, required = false): Readonly<Record<string, unknown>> {
  if (value === undefined && !required) return {};
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  throw invalid(`${what} ${value === undefined ? 'nothing' : typeof value}. Accepted: an object.`);
}

function invalid(message: string): LockkeeperError {
  return new LockkeeperError('CONFIG_INVALID', {
    message,
    hint: 'Correct it; `npx prisma validate` checks it as well.',
  });
}
