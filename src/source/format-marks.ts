import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ForeignFormat } from '../migration/migration.js';

/** How a tool is known by names alone. Apart from the tools' code, because every start looks at these. */
interface Marks {
  /** Files and folders of the project folder. */
  readonly names: RegExp;
  /** Where a name alone could be anybody's: one of these has to be there too, relative to the project folder. */
  readonly paths?: readonly string[];
}

/**
 * By format, in the order in which several are named to people. Tools without a configuration file of their own
 * (dbmate, golang-migrate, goose) are not here: a folder such as db/migrations can be anybody's.
 */
const projectMarks: Readonly<Partial<Record<ForeignFormat, Marks>>> = {
  knex: { names: /^knexfile\.[mc]?[jt]s$/ },
  'node-pg-migrate': { names: /^(?:\.node-pg-migraterc(?:\..+)?|migrate-config\.(?:json|[mc]?[jt]s))$/ },
  prisma: {
    names: /^(?:prisma|prisma\.config\.[mc]?[jt]s|schema\.prisma)$/,
    paths: [
      'prisma/migrations',
      'prisma/schema.prisma',
      'prisma/schema',
      'schema.prisma',
      'prisma.config.ts',
      'prisma.config.mts',
      'prisma.config.js',
      'prisma.config.mjs',
      'prisma.config.cjs',
      'prisma.config.cts',
    ],
  },
  drizzle: { names: /^drizzle\.config\.(?:json|[mc]?[jt]s)$/ },
  flyway: { names: /^flyway\.(?:conf|toml)$/ },
  liquibase: { names: /^liquibase\.properties$/ },
  'db-migrate': { names: /^(?:database\.json|\.db-migraterc)$/ },
  'sql-migrate': { names: /^dbconfig\.ya?ml$/ },
  diesel: { names: /^diesel\.toml$/ },
  'graphile-migrate': { names: /^\.gmrc(?:\.[mc]?js)?$/ },
  kysely: {
    names: /^(?:kysely\.config\.[mc]?[jt]s|\.config)$/,
    paths: ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts'].flatMap((extension) => [
      `kysely.config.${extension}`,
      `.config/kysely.config.${extension}`,
    ]),
  },
};

/** Files that only one tool puts into a folder of migrations. */
const folderMarks: readonly (readonly [ForeignFormat, readonly string[]])[] = [
  ['prisma', ['migration_lock.toml']],
  ['drizzle', ['meta/_journal.json']],
  ['graphile-migrate', ['committed', 'current.sql']],
];

/** The tools that a project folder shows signs of, in a fixed order; looks at names only. */
export function detectFormats(root: string): readonly ForeignFormat[] {
  const names = existsSync(root) ? readdirSync(root) : [];
  return Object.entries(projectMarks)
    .filter(
      ([, marks]) =>
        names.some((name) => marks.names.test(name)) &&
        (marks.paths?.some((path) => existsSync(join(root, path))) ?? true),
    )
    .map(([name]) => name as ForeignFormat);
}

/** The tool that a folder of migrations shows for certain, by names; null where none does. */
export function detectFolderFormat(dir: string): ForeignFormat | null {
  const found = folderMarks.find(([, paths]) => paths.every((path) => existsSync(join(dir, path))));
  return found?.[0] ?? null;
}
