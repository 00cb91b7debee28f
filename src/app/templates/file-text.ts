import type { SqlTexts } from './sql-template.js';

/** An SQL file with both ways under markers. */
export function renderSqlFile(title: string, { up, down }: SqlTexts): string {
  return `-- description: ${title}\n\n-- migrate:up\n${up}\n\n-- migrate:down\n${down}\n`;
}

/** The two halves of a pair, as golang-migrate has them. */
export function renderSqlPair(title: string, { up, down }: SqlTexts): readonly [string, string] {
  return [`-- description: ${title}\n\n${up}\n`, `${down}\n`];
}

/** A TypeScript file with the SQL of both ways. */
export function renderTypeScript(title: string, { up, down }: SqlTexts): string {
  return definition(title, `  up: \`\n${inTemplate(up)}\n  \`,\n  down: \`\n${inTemplate(down)}\n  \`,\n`);
}

/** A TypeScript file with an empty function for each way. */
export function renderTypeScriptFunctions(title: string): string {
  const body = (sql: string) => `async (db) => {\n    await db.query('${sql}');\n  },\n`;
  return definition(title, `  up: ${body('select 1')}  down: ${body('select 1')}`);
}

function definition(title: string, ways: string): string {
  return (
    `import { defineMigration } from 'lockkeeper';\n\n` +
    `export default defineMigration({\n  description: ${JSON.stringify(title)},\n${ways}});\n`
  );
}

/** Indented, and with everything escaped that means something in a template literal. */
function inTemplate(sql: string): string {
  return sql
    .replaceAll(/[\\`]|\$(?=\{)/g, (character) => `\\${character}`)
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${line}`))
    .join('\n');
}
