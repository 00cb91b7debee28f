import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { MigrationDatabase } from '../../src/migration/database.js';
import type { CodeScript, Migration, SqlScript } from '../../src/migration/migration.js';
import { createSource, type Source } from '../../src/source/source.js';
import { tempProject, type TempProject } from '../support/project.js';

let project: TempProject | undefined;
afterEach(() => project?.remove());

type Files = Readonly<Record<string, string>>;

/** Files are put into `migrations/`, or beside it when they begin with `/`. */
function source(files: Files): Source {
  project = tempProject({ 'package.json': '{ "type": "module" }' });
  mkdirSync(join(project.dir, 'migrations'), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    project.write(name.startsWith('/') ? name.slice(1) : `migrations/${name}`, content);
  }
  const options = { name: 'migrations', dir: join(project.dir, 'migrations'), format: 'native' } as const;
  return createSource(options, { root: project.dir });
}

async function readAll(files: Files) {
  const { list, read } = source(files);
  const listing = list();
  const reading = await read(listing.files);
  return { ...reading, problems: [...listing.problems, ...reading.problems] };
}

async function readOne(files: Files): Promise<Migration> {
  const { migrations, problems } = await readAll(files);
  expect(problems.map((problem) => problem.message)).toEqual([]);
  return migrations[0]!;
}

/** What a code script sends, with a database that only writes down what it is told. */
async function sent(script: Migration['up'] | null): Promise<string[]> {
  const calls: string[] = [];
  const note = (verb: string) => (text: unknown, values?: unknown) => {
    const sql = typeof text === 'string' ? text : (text as { text: string }).text;
    const given = values ?? (typeof text === 'string' ? [] : (text as { values: unknown }).values);
    calls.push(`${verb} ${sql} ${JSON.stringify(given)}`);
    return Promise.resolve({ rows: [], rowCount: 0 });
  };
  const db = { query: note('query'), exec: note('exec'), one: note('one') };
  await (script as CodeScript).run(db as unknown as MigrationDatabase);
  return calls;
}

/** Each statement with the line of the file that it would be reported at. */
function located(script: Migration['up'] | null): (readonly [number, string])[] {
  const { text, statements, lineOffset } = script as SqlScript;
  return statements.map((each) => [each.line + lineOffset, text.slice(each.start, each.end)]);
}

describe('the shapes of a code migration', () => {
  it('reads a definition with SQL, its metadata and its validation', async () => {
    const migration = await readOne({
      '20240101093000_users.ts': `import { defineMigration } from 'lockkeeper';

export default defineMigration({
  description: 'Users',
  risk: 'low',
  dependsOn: ['0001'],
  transaction: 'per-statement',
  up: \`
    create table users (id int);
    create index on users (id);
  \`,
  down: 'drop table users',
  validate: { before: 'select 1 where false', after: ['select 2 where false', 'select 3 where false'] },
});
`,
    });
    expect(migration.format).toBe('typescript');
    expect(migration.metadata).toMatchObject({
      description: 'Users',
      risk: 'low',
      depends: ['0001'],
      transaction: 'per-statement',
    });
    expect(located(migration.up)).toEqual([
      [9, 'create table users (id int)'],
      [10, 'create index on users (id)'],
    ]);
    expect(located(migration.down)).toEqual([[12, 'drop table users']]);
    expect(located(migration.validateBefore)).toEqual([[13, 'select 1 where false']]);
    expect(located(migration.validateAfter)).toMatchObject([
      [13, 'select 2 where false'],
      [expect.any(Number), 'select 3 where false'],
    ]);
    expect(migration.up).toMatchObject({ kind: 'sql', file: 'migrations/20240101093000_users.ts' });
    expect(migration.tokenChecksum).toMatch(/^v1:[0-9a-f]{64}:[0-9a-f]{64}$/);
  });

  it('puts each text of a list on its own line of the file', async () => {
    const migration = await readOne({
      '1_a.ts': `import { sql } from 'lockkeeper';
export const up = [
  'create table a ()',

  sql\`
    create table b () -- no semicolon
  \`,
  'create table c (); create table d ()', "insert into a default values",
];
export const down = ['drop table a; -- gone', 'drop table b'];
`,
    });
    expect(located(migration.up)).toEqual([
      [3, 'create table a ()'],
      [6, 'create table b ()'],
      [8, 'create table c ()'],
      [8, 'create table d ()'],
      [9, 'insert into a default values'],
    ]);
    expect(located(migration.down)).toMatchObject([
      [10, 'drop table a'],
      [expect.any(Number), 'drop table b'],
    ]);
  });

  it('hands functions the database, and runs lists in order', async () => {
    const migration = await readOne({
      '1_a.ts': `import { defineMigration, sql } from 'lockkeeper';
export default defineMigration({
  up: [
    'create table a (x int)',
    sql\`insert into \${sql.ident('a')} values (\${7})\`,
    async (db) => { await db.one('select 1'); },
    sql\`analyze a\`,
  ],
  down: async (db) => { await db.query('drop table a'); },
});
`,
    });
    expect(await sent(migration.up)).toEqual([
      'exec create table a (x int) []',
      'query insert into "a" values ($1) [7]',
      'one select 1 []',
      'exec analyze a []',
    ]);
    expect(await sent(migration.down)).toEqual(['query drop table a []']);
    expect(migration.up).toMatchObject({ kind: 'code', ownConnection: false, file: 'migrations/1_a.ts' });
    expect(migration.tokenChecksum).toBe(migration.checksum);
  });

  it('reads named exports with meta, and minds no other export', async () => {
    const migration = await readOne({
      '1_a.ts': `export const TABLE: string = 'a';
export const meta = { tags: ['x'], irreversible: 'because' };
export async function up(db: { exec(sql: string): Promise<void> }) { await db.exec('create table ' + TABLE); }
`,
    });
    expect(migration.metadata).toMatchObject({ tags: ['x'], irreversible: 'because' });
    expect(migration.down).toBeNull();
    expect(await sent(migration.up)).toEqual(['exec create table a []']);
  });

  it("reads a migration manager's object, with connections of its own", async () => {
    const migration = await readOne({
      '003_add_user_preferences.ts': `interface Migration { id: string; up(): Promise<void>; down(): Promise<void>; [key: string]: unknown }
const migration: Migration = {
  id: '003_add_user_preferences',
  name: 'Add user preferences table',
  version: '1.2.0',
  description: 'Creates user_preferences',
  checksum: 'abc',
  dependencies: ['001_initial'],
  async up(): Promise<void> { this.note('up'); },
  async down(): Promise<void> { this.note('down'); },
  note(what: string) { (globalThis as Record<string, unknown>)['managerNote'] = what; },
};
export default migration;
`,
    });
    expect(migration).toMatchObject({ version: '003', name: 'add_user_preferences' });
    expect(migration.metadata).toMatchObject({
      description: 'Creates user_preferences',
      release: '1.2.0',
      depends: ['001_initial'],
    });
    expect(migration.up).toMatchObject({ kind: 'code', ownConnection: true });
    await sent(migration.down);
    expect((globalThis as Record<string, unknown>)['managerNote']).toBe('down');
  });

  it('warns of connections of their own, and of a way down that should not be there', async () => {
    const { warnings } = await readAll({
      '1_a.ts': 'export const up = async () => { await 0; };',
      '2_b.ts': "export default { irreversible: 'data is gone', up: 'select 1', down: 'select 2' };",
      '3_c.sql': '-- irreversible: data is gone\n-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;',
      '4_d.ts': 'export const up = async (db: unknown) => db;',
    });
    expect(warnings.map(({ code, message }) => [code, message.split(':')[0]])).toEqual([
      ['own-connection', 'migrations/1_a.ts'],
      ['irreversible-with-down', 'migrations/2_b.ts'],
      ['irreversible-with-down', 'migrations/3_c.sql'],
    ]);
  });

  it('takes enums, namespaces, extensionless imports and modules that migrations share', async () => {
    const migration = await readOne({
      '_shared.ts': 'export enum Kind { A = "a" }\nexport namespace Names { export const table = "t"; }\n',
      '1_a.ts':
        "import { Kind, Names } from './_shared';\nexport const up = `create table ${Names.table}_${Kind.A} ()`;",
    });
    expect(located(migration.up).map(([, sql]) => sql)).toEqual(['create table t_a ()']);
  });

  it('resolves the paths of tsconfig.json', async () => {
    const migration = await readOne({
      '/tsconfig.json': '{ "compilerOptions": { "paths": { "@db/*": ["./db/*"] } } }',
      '/db/names.ts': 'export const table = "from_paths";',
      '1_a.ts': "import { table } from '@db/names';\nexport const up = `create table ${table} ()`;",
    });
    expect(located(migration.up).map(([, sql]) => sql)).toEqual(['create table from_paths ()']);
  });

  it.each([
    ['1_a.mts', "export const up: string = 'select 1';"],
    ['1_a.cts', "module.exports = { up: 'select 1' as string };"],
    ['1_b.cts', "const up: string = 'select 1';\nexport = { up };"],
    ['1_a.js', "export const up = 'select 1';"],
    ['1_a.mjs', "export default { up: 'select 1' };"],
    ['1_a.cjs', "exports.up = 'select 1';"],
    ['1_b.cjs', "module.exports = { up: 'select 1', down: 'select 2' };"],
    [
      '1_c.cjs',
      "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = { up: 'select 1' };",
    ],
  ])('loads %s', async (name, content) => {
    const migration = await readOne({ [name]: content });
    expect(located(migration.up)).toEqual([[expect.any(Number), 'select 1']]);
  });

  it('loads only what it is asked for, and an edited file anew', async () => {
    const count = 'globalThis.loadCount = (globalThis.loadCount ?? 0) + 1;\n';
    for (const extension of ['mjs', 'cjs', 'ts']) {
      Object.assign(globalThis, { loadCount: 0 });
      const exported = extension === 'cjs' ? 'exports.up = ' : 'export const up = ';
      const { list, read } = source({
        [`1_a.${extension}`]: `${count}${exported}'select 1';`,
        [`2_b.${extension}`]: 'throw new Error("not asked for")',
      });
      const first = await read(list().files.slice(0, 1));
      expect(located(first.migrations[0]!.up)[0]?.[1]).toBe('select 1');
      project?.write(`migrations/1_a.${extension}`, `${count}${exported}'select 2';`);
      const second = await read(list().files.slice(0, 1));
      expect(located(second.migrations[0]!.up)[0]?.[1]).toBe('select 2');
      expect((globalThis as Record<string, unknown>)['loadCount']).toBe(2);
      project?.remove();
    }
  });

  it('keeps its cache in node_modules, or in .lockkeeper where there is none', async () => {
    const text = "export const up: string = 'select 1';";
    await readOne({ '1_a.ts': text });
    expect(project?.list('.lockkeeper/cache')).toHaveLength(1);
    project?.remove();
    await readOne({ '1_a.ts': text, '/node_modules/x/package.json': '{}' });
    expect(project?.list('node_modules/.cache/lockkeeper')).toHaveLength(1);
    expect(project?.exists('.lockkeeper')).toBe(false);
  });
});

describe('what is wrong with a code migration', () => {
  it.each([
    ['1_a.ts', 'export const x = 1;\nthrow new Error("no luck");', 'MIGRATION_LOAD_FAILED', 2, /no luck/],
    ['1_a.mjs', 'export const x = 1;\nthrow new Error("no luck");', 'MIGRATION_LOAD_FAILED', 2, /no luck/],
    ['1_a.cjs', '\n\nnotDefined();', 'MIGRATION_LOAD_FAILED', 3, /notDefined is not defined/],
    [
      '1_a.ts',
      'export const x = 1;\nexport const up = {;',
      'MIGRATION_LOAD_FAILED',
      2,
      /Unexpected token|\(2:/,
    ],
    [
      '1_a.ts',
      "import 'not-installed-anywhere';\nexport const up = 'x';",
      'MIGRATION_LOAD_FAILED',
      1,
      /not-installed-anywhere/,
    ],
    ['1_a.ts', 'export const x = 1;', 'MIGRATION_SHAPE_INVALID', 1, /exports x, and no "up"/],
    ['1_a.ts', '', 'MIGRATION_SHAPE_INVALID', 1, /exports nothing/],
    ['1_a.ts', 'export default function () {}', 'MIGRATION_SHAPE_INVALID', 1, /default export is a function/],
    ['1_a.ts', 'export default { down: "x" }', 'MIGRATION_SHAPE_INVALID', 1, /no "up"/],
    ['1_a.ts', 'export const up = 7;', 'MIGRATION_SHAPE_INVALID', 1, /"up" is a number/],
    [
      '1_a.ts',
      "export const up = ['select 1', null];",
      'MIGRATION_SHAPE_INVALID',
      1,
      /Step 2 of "up" is a null/,
    ],
    [
      '1_a.ts',
      "export const up = 'select 1'; export const down = {};",
      'MIGRATION_SHAPE_INVALID',
      1,
      /"down" is an object/,
    ],
    [
      '1_a.ts',
      "export default { up: 'select 1', validate: { after: (db: unknown) => db } };",
      'MIGRATION_SHAPE_INVALID',
      1,
      /"validate.after"/,
    ],
    ['1_a.ts', "export const up = '-- nothing';", 'MIGRATION_EMPTY', 1, /no statement/],
    ['1_a.ts', 'export const up: string[] = [];', 'MIGRATION_EMPTY', 1, /no statement/],
    [
      '1_a.ts',
      "export default { up: 'select 1', dependOn: ['0'] };",
      'MIGRATION_METADATA_INVALID',
      1,
      /Did you mean "dependsOn"/,
    ],
    ['1_a.ts', "export default { up: 'select 1', risk: 'huge' };", 'MIGRATION_METADATA_INVALID', 1, /"huge"/],
    [
      '1_a.ts',
      "export default { up: 'select 1', repeatable: true };",
      'MIGRATION_METADATA_INVALID',
      1,
      /repeatable/,
    ],
    [
      '1_a.ts',
      "export default { id: '2_b', up() {}, down() {} };",
      'MIGRATION_METADATA_INVALID',
      1,
      /"2_b" is not that of the file/,
    ],
    ['1_a.ts', "export const up = [\n  'select 1',\n  \"select 'x\",\n];", 'SQL_UNTERMINATED', 3, /string/],
    [
      '1_a.ts',
      "export const up = [\n  'select 1',\n  '\\\\connect x',\n  (db: unknown) => db,\n];",
      'PSQL_COMMAND_REFUSED',
      expect.any(Number),
      /connect/,
    ],
  ])('tells of %s: %j', async (...[name, content, code, line, message]) => {
    const { problems, migrations } = await readAll({ [name]: content });
    expect(migrations).toEqual([]);
    expect(problems.map((problem) => [problem.code, problem.location?.line, problem.message])).toEqual([
      [code, line, expect.stringMatching(message)],
    ]);
  });

  it('keeps the cause, names the file once, and says what to do', async () => {
    const { problems } = await readAll({
      '1_a.ts': 'export const x = 1;\n  throw new TypeError("no luck");',
    });
    expect(problems[0]).toMatchObject({
      message: '"migrations/1_a.ts" failed to load: no luck.',
      location: { file: 'migrations/1_a.ts', line: 2, lineText: '  throw new TypeError("no luck");' },
      cause: expect.any(TypeError) as TypeError,
      hint: expect.stringMatching(/run when it is imported/) as string,
    });
  });

  it('names the package that has to be installed', async () => {
    const { problems } = await readAll({
      '1_a.ts': "import 'not-installed-anywhere';",
      '3_c.ts': "import './nowhere';",
    });
    expect(problems.map((problem) => problem.hint)).toEqual([
      'Install it in the project: npm install not-installed-anywhere',
      'Correct the path of the import.',
    ]);
  });

  it('goes on with the other files', async () => {
    const { migrations, problems } = await readAll({
      '1_a.ts': 'throw 1;',
      '2_b.ts': "export const up = 'select 1';",
      '3_c.sql': 'select 1;',
    });
    expect(migrations.map((each) => each.version)).toEqual(['2', '3']);
    expect(problems.map((problem) => problem.code)).toEqual(['MIGRATION_LOAD_FAILED']);
  });
});
