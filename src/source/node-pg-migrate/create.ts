import { basename, extname, join } from 'node:path';
import type { MigrationFile } from '../../migration/migration.js';
import type { NewFile, NewFileRequest } from '../format.js';
import { numberOf } from './order.js';
import type { NodePgMigrateSettings } from './settings.js';

/** A new file in the language of the newest, with the prefix and the dashes that the tool gives its own. */
export function createFile(
  dir: string,
  settings: NodePgMigrateSettings,
  { name, now, up, down, existing }: NewFileRequest,
): readonly NewFile[] {
  const newest = existing.at(-1);
  const language =
    settings.language ?? (newest === undefined ? 'js' : extname(newest.path).slice(1).toLowerCase());
  const file = `${prefixOf(settings, now, existing)}_${name.replaceAll(/[ _]+/g, '-')}.${language}`;
  return [{ path: join(dir, file), content: contentOf(language, up, down) }];
}

function prefixOf(
  { filenames }: NodePgMigrateSettings,
  now: Date,
  existing: readonly MigrationFile[],
): string {
  if (filenames === 'utc') return now.toISOString().replaceAll(/\D/g, '');
  if (filenames === 'timestamp') return String(now.getTime());
  const names = existing.map(({ path }) => basename(path));
  const last = Math.max(0, ...names.map((file) => numberOf(file) ?? 0));
  const width = Math.max(0, ...names.map((file) => /^\d*/.exec(file)?.[0].length ?? 0));
  return String(last + 1).padStart(width === 0 ? 4 : width, '0');
}

function contentOf(language: string, up: string, down: string | null): string {
  if (language === 'sql')
    return `-- Up Migration\n${up.trim()}\n${down === null ? '' : `\n-- Down Migration\n${down.trim()}\n`}`;
  const typed = language.endsWith('ts');
  const head = typed ? "import type { MigrationBuilder } from 'node-pg-migrate';\n\n" : '';
  return `${head}${functionOf('up', up, language)}\n${down === null ? exported('down', 'false', language) : functionOf('down', down, language)}`;
}

function functionOf(name: string, sql: string, language: string): string {
  const parameter = language.endsWith('ts') ? '(pgm: MigrationBuilder): void' : '(pgm)';
  return exported(name, `${parameter} => {\n  pgm.sql(\`\n${inTemplate(sql.trim())}\n  \`);\n}`, language);
}

const exported = (name: string, value: string, language: string): string =>
  `${language === 'cjs' ? 'exports.' : 'export const '}${name} = ${value};\n`;

const inTemplate = (sql: string): string =>
  sql
    .replaceAll(/[\\`]|\$\{/g, (found) => `\\${found}`)
    .split('\n')
    .map((line) => (line === '' ? line : `    ${line}`))
    .join('\n');
