// The migrations that everyone runs: N files, each of one table (a primary key, two text columns) and one index.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const pad = (number, width = 5) => String(number).padStart(width, '0');
export const table = (number) => `t_${pad(number)}`;

export const upSql = (number) => `create table ${table(number)} (
  id bigint primary key,
  name text not null,
  email text
);
create index ${table(number)}_name_idx on ${table(number)} (name);
`;

export const downSql = (number) => `drop table ${table(number)};\n`;

/** One second apart, as a version of fourteen digits. */
export function version(number) {
  const time = new Date(Date.UTC(2024, 0, 1) + number * 1000);
  return time.toISOString().replace(/\D/g, '').slice(0, 14);
}

export function write(folder, name, text) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

export function forEachNumber(count, visit) {
  for (let number = 1; number <= count; number++) visit(number);
}

/** A project of ours with SQL files; the up and the down script in one file, between dbmate's markers. */
export function writeSqlProject(folder, count) {
  forEachNumber(count, (number) => {
    const text = `-- migrate:up\n${upSql(number)}\n-- migrate:down\n${downSql(number)}`;
    write(folder, `migrations/${version(number)}_create_${table(number)}.sql`, text);
  });
}

/** Work that takes its time: each file makes and fills a table, and builds an index with all progress that there is. */
export function writeLongProject(folder, count) {
  forEachNumber(count, (number) => {
    const name = table(number);
    const text = `create table ${name} as select id, md5(id::text) as name from generate_series(1, 1000000) id;
create index concurrently ${name}_name_idx on ${name} (name);
`;
    write(folder, `migrations/${version(number)}_fill_${name}.sql`, text);
  });
}

const typescriptForms = {
  /** SQL as strings. */
  strings: (number) => `import { defineMigration } from 'lockkeeper';

export default defineMigration({
  up: \`${upSql(number)}\`,
  down: \`${downSql(number)}\`,
});
`,
  /** Code that is given the database. */
  code: (number) => `import { defineMigration } from 'lockkeeper';

export default defineMigration({
  async up(db) {
    await db.exec(\`${upSql(number)}\`);
  },
  async down(db) {
    await db.exec(\`${downSql(number)}\`);
  },
});
`,
};

/** The same project in TypeScript. */
export function writeTypeScriptProject(folder, count, form) {
  write(folder, 'package.json', '{ "name": "bench-project", "private": true, "type": "module" }\n');
  forEachNumber(count, (number) => {
    const name = `migrations/${version(number)}_create_${table(number)}.ts`;
    write(folder, name, typescriptForms[form](number));
  });
}

/** What psql reads: plain files, and scripts that include them with a history row each. */
export function writePsqlProject(folder, count) {
  const history =
    'create table history (name text primary key, hash text not null, applied_at timestamptz not null default now());';
  const one = [];
  const each = [];
  const back = [];
  forEachNumber(count, (number) => {
    const name = `${version(number)}_create_${table(number)}`;
    const insert = `insert into history (name, hash) values ('${name}', '${'0'.repeat(64)}');`;
    write(folder, `migrations/${name}.sql`, upSql(number));
    write(folder, `down/${name}.sql`, downSql(number));
    each.push(`begin;\n\\i migrations/${name}.sql\n${insert}\ncommit;`);
    one.push(`\\i migrations/${name}.sql\n${insert}`);
    back.unshift(`begin;\n\\i down/${name}.sql\ndelete from history where name = '${name}';\ncommit;`);
  });
  const head = '\\set ON_ERROR_STOP 1\n';
  write(folder, 'each.psql', `${head}${history}\n${each.join('\n')}\n`);
  write(folder, 'one.psql', `${head}begin;\n${history}\n${one.join('\n')}\ncommit;\n`);
  write(folder, 'down.psql', `${head}${back.join('\n')}\n`);
}
