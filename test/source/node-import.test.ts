import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository, tempProject } from '../support/project.js';

// The test runner puts itself in front of import(); here Node itself imports, from a bundle as the package has it.
let bundleDir = '';

beforeAll(async () => {
  // Inside the repository, so that the bundle finds its dependencies.
  bundleDir = mkdtempSync(join(repository, 'node_modules', '.source-test-'));
  const input = join(repository, 'src', 'source', 'source.ts');
  const bundle = await rolldown({ input, platform: 'node', external: [/^node:/, 'jiti'] });
  await bundle.write({ dir: bundleDir, format: 'esm' });
  await bundle.close();
});

afterAll(() => rmSync(bundleDir, { recursive: true, force: true }));

interface Answer {
  readonly migrations: readonly { version: string; up: { kind: string; text?: string } }[];
  readonly problems: readonly {
    code: string;
    message: string;
    hint: string;
    location: { file: string; line: number };
  }[];
}

/** Lists and reads a folder in a process of its own, `rounds` times; `between` runs before each later round. */
function read(files: Readonly<Record<string, string>>, between = ''): Answer {
  const project = tempProject({ 'package.json': '{}', ...files });
  try {
    const script = `
      import { writeFileSync } from 'node:fs';
      import { createSource } from ${JSON.stringify(join(bundleDir, 'source.js'))};
      const dir = ${JSON.stringify(join(project.dir, 'migrations'))};
      const source = createSource({ name: 'm', dir, format: 'native' }, { root: ${JSON.stringify(project.dir)} });
      let answer = await source.read(source.list().files);
      ${between === '' ? '' : `${between}; answer = await source.read(source.list().files);`}
      const { migrations, problems } = answer;
      console.log(JSON.stringify({ migrations, problems }));`;
    const output = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    return JSON.parse(output) as Answer;
  } finally {
    project.remove();
  }
}

const texts = (answer: Answer) => answer.migrations.map(({ version, up }) => [version, up.text ?? up.kind]);

describe("code migrations under Node's own import", () => {
  it('loads every JavaScript and TypeScript form', () => {
    const answer = read({
      'migrations/1_a.mjs': "export const up = 'select 1';",
      'migrations/2_b.cjs': "exports.up = 'select 2';",
      'migrations/3_c.cjs': "module.exports = { up: 'select 3', down: 'x' };",
      'migrations/4_d.js': "module.exports = { up: 'select 4' };",
      'migrations/5_e.js': "export default { up: 'select 5' };",
      'migrations/6_f.ts': "import { sql } from 'lockkeeper';\nexport const up = sql`select 6`;",
      'migrations/7_g.mts': "export const up: string = 'select 7';",
      'migrations/8_h.cts': "const up: string = 'select 8';\nexport = { up };",
      'migrations/9_i.mjs': 'export default { up: async (db) => db };',
    });
    expect(answer.problems).toEqual([]);
    expect(texts(answer)).toEqual([
      ['1', 'select 1'],
      ['2', 'select 2'],
      ['3', 'select 3'],
      ['4', 'select 4'],
      ['5', 'select 5'],
      ['6', 'select 6'],
      ['7', 'select 7'],
      ['8', 'select 8'],
      ['9', 'code'],
    ]);
  });

  it('gives JavaScript our own name without a copy in the project', () => {
    const answer = read({
      'migrations/1_a.mjs': "import { sql } from 'lockkeeper';\nexport const up = sql`select 1`;",
      'migrations/2_b.cjs': "const { sql } = require('lockkeeper');\nexports.up = sql`select 2`;",
      'migrations/3_c.mjs': "// from 'elsewhere'\nexport const up = 'select 3';",
    });
    expect(answer.problems).toEqual([]);
    expect(texts(answer)).toEqual([
      ['1', 'select 1'],
      ['2', 'select 2'],
      ['3', 'select 3'],
    ]);
  });

  it('loads edited files anew, whatever module system they are of', () => {
    const answer = read(
      {
        'migrations/1_a.mjs': "export const up = 'old';",
        'migrations/2_b.cjs': "exports.up = 'old';",
        'migrations/3_c.ts': "export const up: string = 'old';",
      },
      `writeFileSync(dir + '/1_a.mjs', "export const up = 'select 1';");
       writeFileSync(dir + '/2_b.cjs', "exports.up = 'select 2';");
       writeFileSync(dir + '/3_c.ts', "export const up: string = 'select 3';")`,
    );
    expect(texts(answer)).toEqual([
      ['1', 'select 1'],
      ['2', 'select 2'],
      ['3', 'select 3'],
    ]);
  });

  it('tells where a module failed, and what to install', () => {
    const { problems } = read({
      'migrations/1_a.mjs': "import 'not-installed-anywhere';",
      'migrations/2 b.mjs': '\n\nthrow new Error("no luck");',
      'migrations/3_c.cjs': '\nnotDefined();',
      'migrations/4_d.mjs': 'export const up = {;',
      'migrations/5_e.ts': '\nthrow new Error("no luck");',
      'migrations/6_f.ts': '\nconst x: = 1;',
    });
    expect(problems.map(({ code, message, location }) => [code, location.line, message])).toEqual([
      ['MIGRATION_LOAD_FAILED', 1, expect.stringMatching(/Cannot find package 'not-installed-anywhere'/)],
      ['MIGRATION_LOAD_FAILED', 3, '"migrations/2 b.mjs" failed to load: no luck.'],
      ['MIGRATION_LOAD_FAILED', 2, '"migrations/3_c.cjs" failed to load: notDefined is not defined.'],
      ['MIGRATION_LOAD_FAILED', 1, '"migrations/4_d.mjs" failed to load: Unexpected token \';\'.'],
      ['MIGRATION_LOAD_FAILED', 2, '"migrations/5_e.ts" failed to load: no luck.'],
      ['MIGRATION_LOAD_FAILED', 2, expect.stringMatching(/Unexpected token/)],
    ]);
    expect(problems[0]?.hint).toBe('Install it in the project: npm install not-installed-anywhere');
    expect(problems[5]?.message).toBe('"migrations/6_f.ts" failed to load: ParseError: Unexpected token.');
  });
});
