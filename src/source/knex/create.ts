import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NewFile, NewFileRequest } from '../format.js';
import type { KnexSettings } from './settings.js';

/** A migration as `knex migrate:make` names and places it, with the SQL of the template in `knex.raw`. */
export function createKnexMigration(settings: KnexSettings, request: NewFileRequest): readonly NewFile[] {
  const { directories, base, extension } = settings;
  // Knex writes into the last of several folders.
  const directory = directories.at(-1) ?? base;
  const path = join(directory, `${stamp(request.now)}_${request.name}.${extension}`);
  return [{ path, content: render(request, styleOf(extension, directory)) }];
}

/** `20240131235959`, in UTC. */
function stamp(now: Date): string {
  return now.toISOString().replace(/\D/g, '').slice(0, 14);
}

type Style = 'typescript' | 'module' | 'commonjs';

function styleOf(extension: string, directory: string): Style {
  if (/^[cm]?ts$/.test(extension)) return 'typescript';
  if (extension === 'mjs' || (extension === 'js' && isModuleFolder(directory))) return 'module';
  return 'commonjs';
}

/** Whether `.js` files of this folder are ES modules, by the nearest package.json. */
function isModuleFolder(directory: string): boolean {
  for (let folder = directory; ; folder = dirname(folder)) {
    try {
      const { type } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { type?: unknown };
      return type === 'module';
    } catch {
      // No package.json here, or none that says anything: the folder above decides.
    }
    if (dirname(folder) === folder) return false;
  }
}

function render({ up, down }: NewFileRequest, style: Style): string {
  const bodies = [
    ['up', up],
    ['down', down ?? ''],
  ] as const;
  const functions = bodies.map(([name, sql]) => `${heads[style](name)}${body(sql)}${tails[style]}\n`);
  const imports = style === 'typescript' ? "import type { Knex } from 'knex';\n\n" : '';
  return imports + functions.join('\n');
}

const heads: Readonly<Record<Style, (name: string) => string>> = {
  typescript: (name) => `export async function ${name}(knex: Knex): Promise<void> {\n`,
  module: (name) => `export async function ${name}(knex) {\n`,
  commonjs: (name) => `exports.${name} = async function (knex) {\n`,
};
const tails: Readonly<Record<Style, string>> = { typescript: '}', module: '}', commonjs: '};' };

/** Not indented: a line may be within a text of SQL. */
function body(sql: string): string {
  const text = sql.trim();
  return text === '' ? '' : `  await knex.raw(\`\n${escapeTemplate(text)}\n  \`);\n`;
}

/** In a template literal for knex.raw, where a question mark would be a binding. */
function escapeTemplate(sql: string): string {
  return sql
    .replaceAll('\\', '\\\\')
    .replaceAll('`', '\\`')
    .replaceAll('${', '\\${')
    .replaceAll('?', '\\\\?');
}
