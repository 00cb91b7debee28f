// The tools that people use today: the same SQL in each one's own form, called as its users call it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { downSql, forEachNumber, pad, table, upSql, version, write } from './workload.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const modules = join(here, 'node_modules');
const node = process.execPath;
const tsx = ['--import', join(modules, 'tsx/dist/loader.mjs')];
const environment = (url) => ({ DATABASE_URL: url });

/** Installs the rivals into their own node_modules when they are not there. The error's text on failure, else null. */
export function installRivals() {
  const wanted = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies;
  const missing = Object.entries(wanted).filter(([name, exact]) => installedVersion(name) !== exact);
  if (missing.length === 0) return null;
  console.error(`Installing the rivals: ${missing.map(([name]) => name).join(', ')}`);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['install', '--no-audit', '--no-fund'], { cwd: here, encoding: 'utf8' });
  return result.status === 0 ? null : String(result.error ?? result.stderr).trim();
}

export function installedVersion(name) {
  const manifest = join(modules, name, 'package.json');
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : null;
}

/** Lets the rival's migration files import what the rival's users have installed. */
function link(folder) {
  if (!existsSync(join(folder, 'node_modules'))) symlinkSync(modules, join(folder, 'node_modules'));
}

const esm = '{ "private": true, "type": "module" }\n';
const numbered = (number) => `${pad(number)}_${table(number)}`;

/** A small program of ours in rivals/ that calls a rival's library as its manual shows. */
const runner =
  (file, ...flags) =>
  (verb) =>
  (folder, url) => ({
    command: node,
    args: [...flags, join(here, 'rivals', file), verb, folder],
    cwd: folder,
    env: environment(url),
  });

/** A rival's own command line, run in the project's folder. */
const cli =
  (path, ...flags) =>
  (...args) =>
  (folder, url) => ({
    command: node,
    args: [...flags, join(modules, path), ...args],
    cwd: folder,
    env: environment(url),
  });

const bare = (command, args) => () => ({ command, args });

// --- dbmate ---

function dbmateProgram() {
  try {
    const require = createRequire(join(modules, 'dbmate', 'package.json'));
    const manifest = require.resolve(`@dbmate/${process.platform}-${process.arch}/package.json`);
    return join(manifest, '..', 'bin', process.platform === 'win32' ? 'dbmate.exe' : 'dbmate');
  } catch {
    // Not installed for this platform: every use of it is reported as failed.
    return join(modules, '.bin', 'dbmate-binary-is-missing');
  }
}

function dbmate(key, label, program, before) {
  const call = (verb) => (folder, url) => ({
    command: program,
    args: [...before, '-d', 'migrations', '--no-dump-schema', verb],
    cwd: folder,
    env: environment(url),
  });
  return {
    key,
    label,
    package: 'dbmate',
    language: 'Go',
    write: (folder, count) =>
      forEachNumber(count, (number) => {
        const text = `-- migrate:up\n${upSql(number)}\n-- migrate:down\n${downSql(number)}`;
        write(folder, `migrations/${version(number)}_${table(number)}.sql`, text);
      }),
    start: bare(program, [...before, '--version']),
    up: call('migrate'),
    noop: call('migrate'),
    status: call('status'),
  };
}

// --- drizzle ---

function writeDrizzle(folder, count) {
  const entries = [];
  forEachNumber(count, (number) => {
    const tag = `${pad(number, 4)}_${table(number)}`;
    entries.push({ idx: number - 1, version: '7', when: 1_700_000_000_000 + number, tag, breakpoints: true });
    write(
      folder,
      `drizzle/${tag}.sql`,
      upSql(number).replace(';\ncreate index', ';\n--> statement-breakpoint\ncreate index'),
    );
  });
  write(
    folder,
    'drizzle/meta/_journal.json',
    JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
  );
}

const drizzleKit = cli('drizzle-kit/bin.cjs');

// --- node-pg-migrate ---

const nodePgMigrate = cli('node-pg-migrate/bin/node-pg-migrate.js');
const writeNodePgMigrate = (folder, count) =>
  forEachNumber(count, (number) => {
    const text = `-- Up Migration\n${upSql(number)}\n-- Down Migration\n${downSql(number)}`;
    write(folder, `migrations/${1_700_000_000_000 + number}_${table(number)}.sql`, text);
  });
const writeNodePgMigrateTs = (folder, count) => {
  link(folder);
  write(folder, 'package.json', esm);
  forEachNumber(count, (number) => {
    const text = `import type { MigrationBuilder } from 'node-pg-migrate';

export const up = (pgm: MigrationBuilder): void => pgm.sql(\`${upSql(number)}\`);
export const down = (pgm: MigrationBuilder): void => pgm.sql(\`${downSql(number)}\`);
`;
    write(folder, `migrations/${1_700_000_000_000 + number}_${table(number)}.ts`, text);
  });
};

function nodePgMigrateVerbs(...flags) {
  const call = (...args) => nodePgMigrate(...args, '-m', 'migrations', '--no-verbose', ...flags);
  return {
    up: call('up'),
    noop: call('up'),
    status: call('up', '--dry-run'),
    down: (folder, url, count) => call('down', String(count))(folder, url),
  };
}

// --- graphile-migrate ---

/** Committed files carry the hash of the one before, so the chain is made here as its `commit` would make it. */
function writeGraphile(folder, count) {
  write(folder, 'migrations/current.sql', '');
  let previous = null;
  forEachNumber(count, (number) => {
    const body = upSql(number).trim();
    const hashed = `${`${previous ?? ''}\n${body}`.trim()}\n`;
    const hash = `sha1:${createHash('sha1').update(hashed).digest('hex')}`;
    write(
      folder,
      `migrations/committed/${pad(number, 6)}.sql`,
      `--! Previous: ${previous ?? '-'}\n--! Hash: ${hash}\n\n${body}\n`,
    );
    previous = hash;
  });
}

const graphile = cli('graphile-migrate/dist/cli.js');

// --- knex ---

function writeKnex(folder, count) {
  link(folder);
  const settings =
    "client: 'pg', connection: process.env.DATABASE_URL, migrations: { directory: './migrations', loadExtensions: ['.js'] }";
  write(folder, 'knexfile.js', `module.exports = { ${settings} };\n`);
  forEachNumber(count, (number) => {
    const text = `exports.up = (knex) => knex.raw(\`${upSql(number)}\`);
exports.down = (knex) => knex.raw(\`${downSql(number)}\`);
`;
    write(folder, `migrations/${version(number)}_${table(number)}.js`, text);
  });
}

function writeKnexTs(folder, count) {
  link(folder);
  write(folder, 'package.json', esm);
  const settings =
    "client: 'pg', connection: process.env.DATABASE_URL, migrations: { directory: './migrations', loadExtensions: ['.ts'] }";
  write(folder, 'knexfile.ts', `export default { ${settings} };\n`);
  forEachNumber(count, (number) => {
    const text = `import type { Knex } from 'knex';

export const up = (knex: Knex) => knex.raw(\`${upSql(number)}\`);
export const down = (knex: Knex) => knex.raw(\`${downSql(number)}\`);
`;
    write(folder, `migrations/${version(number)}_${table(number)}.ts`, text);
  });
}

function knexVerbs(file, ...flags) {
  const call = cli('knex/bin/cli.js', ...flags);
  return {
    up: call('migrate:latest', '--knexfile', file),
    noop: call('migrate:latest', '--knexfile', file),
    status: call('migrate:list', '--knexfile', file),
    down: call('migrate:rollback', '--all', '--knexfile', file),
  };
}

// --- kysely, umzug ---

const kyselyModule = (number, typed) => `import { sql${typed ? ', type Kysely' : ''} } from 'kysely';

export const up = async (db${typed ? ': Kysely<unknown>' : ''}) => {
  await sql.raw(\`${upSql(number)}\`).execute(db);
};
export const down = async (db${typed ? ': Kysely<unknown>' : ''}) => {
  await sql.raw(\`${downSql(number)}\`).execute(db);
};
`;

const writeKysely = (extension) => (folder, count) => {
  link(folder);
  write(folder, 'package.json', esm);
  forEachNumber(count, (number) =>
    write(folder, `migrations/${numbered(number)}.${extension}`, kyselyModule(number, extension === 'ts')),
  );
};

const writeUmzugSql = (folder, count) =>
  forEachNumber(count, (number) => {
    write(folder, `migrations/${numbered(number)}.sql`, upSql(number));
    write(folder, `down/${numbered(number)}.sql`, downSql(number));
  });

const writeUmzugTs = (folder, count) => {
  link(folder);
  write(folder, 'package.json', esm);
  forEachNumber(count, (number) => {
    const text = `import type { Pool } from 'pg';

export const up = ({ context }: { context: Pool }) => context.query(\`${upSql(number)}\`);
export const down = ({ context }: { context: Pool }) => context.query(\`${downSql(number)}\`);
`;
    write(folder, `migrations/${numbered(number)}.ts`, text);
  });
};

const libraryVerbs = (call) => ({
  up: call('up'),
  noop: call('up'),
  status: call('status'),
  down: call('down'),
});

// --- db-migrate ---

function writeDbMigrate(folder, count) {
  link(folder);
  forEachNumber(count, (number) => {
    const text = `'use strict';
exports.setup = () => {};
exports.up = (db) => db.runSql(\`${upSql(number)}\`);
exports.down = (db) => db.runSql(\`${downSql(number)}\`);
exports._meta = { version: 1 };
`;
    write(folder, `migrations/${version(number)}-${table(number).replace('_', '-')}.js`, text);
  });
}

const dbMigrate = cli('db-migrate/bin/db-migrate');

// --- the list ---

/** With TypeScript files; they meet our TypeScript files. */
export const typescriptRivals = [
  {
    key: 'node-pg-migrate-ts',
    label: 'node-pg-migrate, TypeScript (jiti)',
    package: 'node-pg-migrate',
    write: writeNodePgMigrateTs,
    ...nodePgMigrateVerbs(),
  },
  {
    key: 'knex-ts',
    label: 'knex CLI, TypeScript (tsx)',
    package: 'knex',
    write: writeKnexTs,
    ...knexVerbs('knexfile.ts', ...tsx),
  },
  {
    key: 'kysely-ts',
    label: 'kysely Migrator, TypeScript (tsx)',
    package: 'kysely',
    write: writeKysely('ts'),
    ...libraryVerbs(runner('kysely.mjs', ...tsx)),
  },
  {
    key: 'umzug-ts',
    label: 'umzug + pg, TypeScript (tsx)',
    package: 'umzug',
    write: writeUmzugTs,
    ...libraryVerbs(runner('umzug.mjs', ...tsx)),
  },
].map(asRival);

/** With SQL files, or with JavaScript that holds the same SQL where a tool takes no SQL files. */
export const rivals = [
  dbmate('dbmate', 'dbmate', dbmateProgram(), []),
  dbmate('dbmate-npm', 'dbmate through its npm launcher', node, [join(modules, 'dbmate/dist/cli.js')]),
  {
    key: 'drizzle-orm',
    label: 'drizzle-orm migrate()',
    package: 'drizzle-orm',
    write: writeDrizzle,
    up: runner('drizzle.mjs')('up'),
    noop: runner('drizzle.mjs')('up'),
  },
  {
    key: 'drizzle-kit',
    label: 'drizzle-kit migrate',
    package: 'drizzle-kit',
    write(folder, count) {
      writeDrizzle(folder, count);
      link(folder);
      write(folder, 'schema.ts', 'export {};\n');
    },
    configure: (folder, url) =>
      write(
        folder,
        'drizzle.config.json',
        JSON.stringify({
          dialect: 'postgresql',
          out: './drizzle',
          schema: './schema.ts',
          dbCredentials: { url },
        }),
      ),
    start: bare(node, [join(modules, 'drizzle-kit/bin.cjs'), '--version']),
    up: drizzleKit('migrate', '--config', 'drizzle.config.json'),
    noop: drizzleKit('migrate', '--config', 'drizzle.config.json'),
  },
  {
    key: 'node-pg-migrate',
    label: 'node-pg-migrate (one transaction)',
    package: 'node-pg-migrate',
    write: writeNodePgMigrate,
    start: bare(node, [join(modules, 'node-pg-migrate/bin/node-pg-migrate.js'), '--version']),
    ...nodePgMigrateVerbs(),
  },
  {
    key: 'node-pg-migrate-each',
    label: 'node-pg-migrate --no-single-transaction',
    package: 'node-pg-migrate',
    write: writeNodePgMigrate,
    ...nodePgMigrateVerbs('--no-single-transaction'),
  },
  {
    key: 'postgres-migrations',
    label: 'postgres-migrations',
    package: 'postgres-migrations',
    write: (folder, count) =>
      forEachNumber(count, (number) =>
        write(folder, `migrations/${number}_${table(number)}.sql`, upSql(number)),
      ),
    up: runner('postgres-migrations.mjs')('up'),
    noop: runner('postgres-migrations.mjs')('up'),
  },
  {
    key: 'graphile-migrate',
    label: 'graphile-migrate',
    package: 'graphile-migrate',
    write: writeGraphile,
    configure: (folder, url) =>
      write(
        folder,
        '.gmrc',
        JSON.stringify({
          connectionString: url,
          shadowConnectionString: url.replace(/\/bench_\d+/, '/bench_shadow'),
          rootConnectionString: url.replace(/\/bench_\d+/, '/postgres'),
          afterAllMigrations: [],
          pgSettings: {},
        }),
      ),
    start: bare(node, [join(modules, 'graphile-migrate/dist/cli.js'), '--version']),
    up: graphile('migrate'),
    noop: graphile('migrate'),
    status: graphile('status'),
  },
  {
    key: 'knex',
    label: 'knex CLI',
    package: 'knex',
    write: writeKnex,
    start: bare(node, [join(modules, 'knex/bin/cli.js'), '--version']),
    ...knexVerbs('knexfile.js'),
  },
  {
    key: 'knex-library',
    label: 'knex as a library',
    package: 'knex',
    write: writeKnex,
    ...libraryVerbs(runner('knex.mjs')),
  },
  {
    key: 'kysely',
    label: 'kysely Migrator',
    package: 'kysely',
    write: writeKysely('js'),
    ...libraryVerbs(runner('kysely.mjs')),
  },
  {
    key: 'umzug',
    label: 'umzug + pg',
    package: 'umzug',
    write: writeUmzugSql,
    ...libraryVerbs(runner('umzug.mjs')),
  },
  {
    key: 'db-migrate',
    label: 'db-migrate',
    package: 'db-migrate',
    write: writeDbMigrate,
    configure: (folder, url) => {
      const { hostname, port, username, pathname } = new URL(url);
      const dev = {
        driver: 'pg',
        host: hostname,
        port: Number(port),
        user: username,
        database: pathname.slice(1),
      };
      write(folder, 'database.json', JSON.stringify({ dev }));
    },
    start: bare(node, [join(modules, 'db-migrate/bin/db-migrate'), '--version']),
    up: dbMigrate('up', '-e', 'dev', '--config', 'database.json'),
    noop: dbMigrate('up', '-e', 'dev', '--config', 'database.json'),
    status: dbMigrate('check', '-e', 'dev', '--config', 'database.json'),
    down: dbMigrate('reset', '-e', 'dev', '--config', 'database.json'),
  },
].map(asRival);

function asRival(rival) {
  return { language: 'Node', ...rival, kind: 'rival' };
}
