import { join } from 'node:path';
import type { NewFile, NewFileRequest } from '../format.js';

/** A migration as `kysely migrate make` writes it, in TypeScript, with the SQL of the template. */
export function createKyselyMigration(dir: string, request: NewFileRequest): readonly NewFile[] {
  const path = join(dir, `${prefix(request)}_${request.name}.ts`);
  const { up, down } = request;
  const content = `import { type Kysely, sql } from 'kysely';\n\n${render('up', up)}\n${render('down', down ?? '')}`;
  return [{ path, content }];
}

/** What goes on with the numbering that is there, since Kysely sorts by name; milliseconds to begin with. */
function prefix({ existing, now }: NewFileRequest): string {
  const digits = /^\d+/.exec(existing.at(-1)?.version ?? '')?.[0] ?? '';
  if (digits.length === 14) return now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
  if (digits.length > 0 && digits.length < 8) return String(Number(digits) + 1).padStart(digits.length, '0');
  return String(now.getTime());
}

function render(name: string, sql: string): string {
  const text = sql.trim();
  const body = text === '' ? '' : `  await sql\`\n${escapeTemplate(text)}\n  \`.execute(db);\n`;
  return `export async function ${name}(db: Kysely<unknown>): Promise<void> {\n${body}}\n`;
}

const escapeTemplate = (sql: string): string =>
  sql.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${');
