import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MigrationFile } from '../../migration/migration.js';
import type { NewFile, NewFileRequest } from '../format.js';
import type { DbMigrateSettings } from './settings.js';

/** A new migration: one file, or three where the project keeps its SQL in files of its own. */
export function createFiles(
  dir: string,
  { sqlFile }: DbMigrateSettings,
  { name, now, up, down, existing }: NewFileRequest,
): readonly NewFile[] {
  const moment = now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const version = `${moment}-${name.replaceAll(/[ _]+/g, '-')}`;
  const path = join(dir, `${version}.js`);
  if (!sqlFile && !keepsSqlApart(existing.at(-1))) return [{ path, content: inOneFile(up, down) }];
  const sql = (way: string, content: string): NewFile => ({
    path: join(dir, 'sqls', `${version}-${way}.sql`),
    content: `${content.trim()}\n`,
  });
  const ways = [sql('up', up), ...(down === null ? [] : [sql('down', down)])];
  return [{ path, content: besideFiles(version, down !== null) }, ...ways];
}

function keepsSqlApart(newest: MigrationFile | undefined): boolean {
  return newest !== undefined && existsSync(join(dirname(newest.path), 'sqls', `${newest.version}-up.sql`));
}

const ending = '\nexports._meta = { version: 1 };\n';

function inOneFile(up: string, down: string | null): string {
  const way = (key: string, sql: string): string =>
    `exports.${key} = (db) =>\n  db.runSql(\`\n${inTemplate(sql.trim())}\n  \`);\n`;
  return `'use strict';\n\n${way('up', up)}${down === null ? '' : `\n${way('down', down)}`}${ending}`;
}

function besideFiles(version: string, hasDown: boolean): string {
  const way = (key: string): string => `exports.${key} = (db) => run(db, '${key}');\n`;
  return `'use strict';

const { readFile } = require('node:fs/promises');
const { join } = require('node:path');

const run = async (db, way) =>
  db.runSql(await readFile(join(__dirname, 'sqls', \`${version}-\${way}.sql\`), 'utf8'));

${way('up')}${hasDown ? way('down') : ''}${ending}`;
}

const inTemplate = (sql: string): string =>
  sql
    .replaceAll(/[\\`]|\$\{/g, (found) => `\\${found}`)
    .split('\n')
    .map((line) => (line === '' ? line : `    ${line}`))
    .join('\n');
