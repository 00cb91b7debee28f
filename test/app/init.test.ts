import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { init } from '../../src/app/init.js';
import type { InitOptions, InitReport } from '../../src/app/lockkeeper.js';
import { insertIntoJson } from '../../src/app/templates/json-insert.js';
import type { ResolvedConfig } from '../../src/config/resolved.js';
import type { Context } from '../../src/core/context.js';
import { Events } from '../../src/core/events.js';
import type { Warning } from '../../src/core/report.js';
import { tempProject, type TempProject } from '../support/project.js';

let project: TempProject | undefined;
afterEach(() => {
  project?.remove();
  project = undefined;
});

/** Sets up a project that holds these files; a second call works on the same one. */
function setUp(
  files: Readonly<Record<string, string>> = {},
  options: InitOptions = {},
): InitReport & { warnings: readonly Warning[] } {
  project ??= tempProject(files);
  const { dir } = project;
  const found = ['ts', 'mjs', 'json', 'js']
    .map((each) => `lockkeeper.config.${each}`)
    .find((name) => project?.exists(name));
  const config = {
    root: dir,
    file: found === undefined ? null : join(dir, found),
    sources: [{ name: 'migrations', dir: join(dir, 'migrations'), format: 'native' }],
  } as unknown as ResolvedConfig;
  const events = new Events();
  const warnings: Warning[] = [];
  events.on('warning', (warning) => warnings.push(warning));
  return { ...init(config, { events } as unknown as Context, options), warnings };
}

const read = (path: string): string => project!.read(path);

describe('init', () => {
  it('sets up an empty folder', () => {
    expect(setUp()).toEqual({
      created: ['migrations/.gitkeep', 'lockkeeper.config.json', '.gitignore'],
      changed: [],
      kept: [],
      warnings: [],
    });
    expect(JSON.parse(read('lockkeeper.config.json'))).toEqual({
      migrations: 'migrations',
      environments: { development: { url: 'embedded' }, production: { protected: true } },
    });
    expect(read('.gitignore')).toBe('.lockkeeper/\n');
  });

  it('sets up a Node project, with scripts, and says what has to be installed', () => {
    const report = setUp({ 'package.json': '{\n  "name": "shop"\n}\n' });
    expect(report).toMatchObject({
      created: ['migrations/.gitkeep', 'lockkeeper.config.mjs', '.gitignore'],
      changed: ['package.json'],
      kept: [],
      warnings: [{ code: 'not-installed', hint: 'Run: npm install --save-dev lockkeeper' }],
    });
    expect(read('package.json')).toBe(`{
  "name": "shop",
  "scripts": {
    "migrate": "lockkeeper up",
    "migrate:down": "lockkeeper down",
    "migrate:status": "lockkeeper status",
    "migrate:new": "lockkeeper new",
    "migrate:fresh": "lockkeeper fresh",
    "migrate:reset": "lockkeeper reset",
    "db:setup": "lockkeeper setup"
  }
}
`);
    expect(read('lockkeeper.config.mjs')).toContain("import { defineConfig } from 'lockkeeper/config';");
  });

  it('says what has to be installed also where no scripts are wanted, and nothing where it is', () => {
    const files = { 'package.json': '{}' };
    expect(setUp(files, { scripts: false }).warnings).toMatchObject([{ code: 'not-installed' }]);
    project?.write('package.json', '{ "devDependencies": { "lockkeeper": "*" } }');
    expect(setUp().warnings).toEqual([]);
  });

  it.each([
    ['with a tsconfig.json', { 'tsconfig.json': '{}' }, {}],
    ['with typescript installed', { 'package.json': '{"devDependencies":{"typescript":"5"}}' }, {}],
    ['when asked', {}, { format: 'ts' }],
  ] as const)('writes the configuration in TypeScript %s', (_, files, options) => {
    const { created } = setUp(files, options);
    expect(created).toContain('lockkeeper.config.ts');
  });

  it('lets new migrations be TypeScript when asked', () => {
    setUp({ 'package.json': '{}' }, { format: 'ts' });
    expect(JSON.parse(read('package.json'))).toMatchObject({
      scripts: { 'migrate:new': 'lockkeeper new --format ts' },
    });
    expect(read('lockkeeper.config.ts')).toContain(
      "migrations: { dir: 'migrations', format: 'typescript' },",
    );
  });

  it("says no more in another tool's project than whose it is", () => {
    const { dir } = (project = tempProject({ 'package.json': '{}', 'db/1_a.js': '' }));
    const source = { name: 'db', dir: join(dir, 'db'), format: 'knex' };
    const begin = (more: readonly object[] = []): InitReport => {
      const config = { root: dir, file: null, sources: [source, ...more] } as unknown as ResolvedConfig;
      return init(config, { events: new Events() } as unknown as Context, {});
    };
    expect(begin().created).toContain('lockkeeper.config.mjs');
    expect(read('lockkeeper.config.mjs')).toContain("  migrations: { format: 'knex' },\n});");
    expect(read('lockkeeper.config.mjs')).not.toContain('url');
    rmSync(join(dir, 'lockkeeper.config.mjs'));
    begin([{ ...source, name: 'drizzle', format: 'drizzle' }]);
    expect(read('lockkeeper.config.mjs')).toContain(
      "migrations: [{ format: 'knex' }, { format: 'drizzle' }],",
    );
  });

  it('changes nothing the second time', () => {
    const options: InitOptions = { ci: true, agents: true };
    const first = setUp({ 'package.json': '{ "devDependencies": { "lockkeeper": "1" } }' }, options);
    expect(first.created).toEqual([
      'migrations/.gitkeep',
      'lockkeeper.config.mjs',
      '.gitignore',
      '.github/workflows/migrations.yml',
      'AGENTS.md',
      'CLAUDE.md',
    ]);
    expect(first.warnings).toEqual([]);
    const files = [...first.created, ...first.changed].map((path) => [path, read(path)]);
    const second = setUp({}, options);
    expect(second).toMatchObject({ created: [], changed: [], warnings: [] });
    expect(second.kept).toEqual([
      'migrations',
      'lockkeeper.config.mjs',
      'package.json',
      '.gitignore',
      '.github/workflows/migrations.yml',
      'AGENTS.md',
      'CLAUDE.md',
    ]);
    expect(files.map(([path]) => [path, read(path!)])).toEqual(files);
  });

  it('keeps what is there', () => {
    const files = {
      'lockkeeper.config.js': 'export default {};',
      'migrations/0001_a.sql': 'select 1;',
      '.github/workflows/migrations.yml': 'mine',
      'package.json': '{ "scripts": { "migrate": "mine", "db:setup": "mine too" } }',
    };
    const report = setUp(files, { ci: true });
    expect(report.kept).toEqual(['migrations', 'lockkeeper.config.js', '.github/workflows/migrations.yml']);
    expect(read('.github/workflows/migrations.yml')).toBe('mine');
    expect(JSON.parse(read('package.json'))).toMatchObject({
      scripts: { migrate: 'mine', 'db:setup': 'mine too', 'migrate:down': 'lockkeeper down' },
    });
    expect(project!.list('migrations')).toEqual(['0001_a.sql']);
  });

  it('leaves package.json alone when told to, and refuses scripts where there is none', () => {
    setUp({ 'package.json': '{}' }, { scripts: false });
    expect(read('package.json')).toBe('{}');
    project?.remove();
    project = undefined;
    expect(() => setUp({}, { scripts: true })).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
  });

  it('writes nothing when package.json is broken', () => {
    expect(() => setUp({ 'package.json': '{ "name": ' })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        hint: expect.stringMatching(/Nothing was written/) as string,
      }),
    );
    expect(project!.list()).toEqual(['package.json']);
  });

  it.each([
    ['node_modules', 'node_modules\n.lockkeeper/\n'],
    ['node_modules\r\n', 'node_modules\r\n.lockkeeper/\r\n'],
    ['', '.lockkeeper/\n'],
    ['/.lockkeeper\n', '/.lockkeeper\n'],
    ['a\r\n.lockkeeper/\r\nb\r\n', 'a\r\n.lockkeeper/\r\nb\r\n'],
    ['# .lockkeeper/ is ours\n', '# .lockkeeper/ is ours\n.lockkeeper/\n'],
  ])('ignores its folder in a .gitignore that holds %j', (before, after) => {
    setUp({ '.gitignore': before });
    expect(read('.gitignore')).toBe(after);
  });

  it('keeps a text around its section, and renews the section', () => {
    const stale = '# Shop\n\n<!-- lockkeeper:begin -->\nold\n<!-- lockkeeper:end -->\n\nOur rules.\n';
    const report = setUp({ 'CLAUDE.md': stale }, { agents: true });
    expect(report.changed).toEqual(['CLAUDE.md']);
    const text = read('CLAUDE.md');
    expect(text.startsWith('# Shop\n\n<!-- lockkeeper:begin -->\n## Database migrations')).toBe(true);
    expect(text.endsWith('<!-- lockkeeper:end -->\n\nOur rules.\n')).toBe(true);
    expect(text).not.toContain('old');
    expect(text).toContain('npx --yes lockkeeper new create_users');
  });

  it('writes once where one file is a link to the other', () => {
    setUp({ 'AGENTS.md': 'Rules.' }, { scripts: false });
    symlinkSync('AGENTS.md', join(project!.dir, 'CLAUDE.md'));
    const report = setUp({}, { agents: true });
    expect(report.changed).toEqual(['AGENTS.md']);
    expect(read('CLAUDE.md').match(/lockkeeper:begin/g)).toHaveLength(1);
    expect(read('AGENTS.md').startsWith('Rules.\n\n<!--')).toBe(true);
  });

  it('leaves a section without an end alone, and says so', () => {
    const report = setUp({ 'CLAUDE.md': 'x\n<!-- lockkeeper:begin -->\ny\n' }, { agents: true });
    expect(read('CLAUDE.md')).toBe('x\n<!-- lockkeeper:begin -->\ny\n');
    expect(report.kept).toEqual(['CLAUDE.md']);
    expect(report.warnings).toMatchObject([{ code: 'section-open' }]);
  });

  it.each([
    ['package-lock.json', ['cache: npm', '- run: npm ci', 'npx lockkeeper up']],
    [
      'pnpm-lock.yaml',
      ['corepack enable', 'cache: pnpm', 'pnpm install --frozen-lockfile', 'pnpm exec lockkeeper up'],
    ],
    ['yarn.lock', ['cache: yarn', 'yarn install --frozen-lockfile', 'yarn lockkeeper up']],
    ['other', ['- run: npm install', 'npx lockkeeper status --check']],
  ])('writes a workflow for a project with %s', (lock, parts) => {
    setUp({ 'package.json': '{}', [lock]: '' }, { ci: true });
    const text = read('.github/workflows/migrations.yml');
    for (const part of parts) expect(text).toContain(part);
    expect(text).toContain('${{ secrets.DATABASE_URL }}');
    expect(text).not.toContain('\t');
    expect(text.includes('cache:')).toBe(lock !== 'other');
  });
});

describe('insertIntoJson', () => {
  const entries = { a: 'x', b: 'y "z"' };

  it.each([
    [
      'tabs',
      '{\n\t"n": 1,\n\t"scripts": {\n\t\t"t": "u"\n\t}\n}\n',
      '{\n\t"n": 1,\n\t"scripts": {\n\t\t"t": "u",\n\t\t"a": "x",\n\t\t"b": "y \\"z\\""\n\t}\n}\n',
    ],
    [
      'four blanks',
      '{\n    "scripts": {},\n    "n": 1\n}',
      '{\n    "scripts": {\n        "a": "x",\n        "b": "y \\"z\\""\n    },\n    "n": 1\n}',
    ],
    [
      'no scripts',
      '{\n  "n": [1, {"m": "}"}]\n}\n',
      '{\n  "n": [1, {"m": "}"}],\n  "scripts": {\n    "a": "x",\n    "b": "y \\"z\\""\n  }\n}\n',
    ],
    ['one line', '{"n":1,"scripts":{"t":"u"}}', '{"n":1,"scripts":{"t":"u", "a": "x", "b": "y \\"z\\""}}'],
    [
      'Windows line ends',
      '{\r\n  "scripts": {\r\n    "t": "u"\r\n  }\r\n}\r\n',
      '{\r\n  "scripts": {\r\n    "t": "u",\r\n    "a": "x",\r\n    "b": "y \\"z\\""\r\n  }\r\n}\r\n',
    ],
    [
      'some there',
      '{\n  "scripts": {\n    "a": "mine"\n  }\n}',
      '{\n  "scripts": {\n    "a": "mine",\n    "b": "y \\"z\\""\n  }\n}',
    ],
    ['an empty root', '{}', '{\n  "scripts": {\n    "a": "x",\n    "b": "y \\"z\\""\n  }\n}'],
  ])('keeps the style of a text with %s', (_, before, after) => {
    const result = insertIntoJson(before, 'scripts', entries);
    expect(result).toBe(after);
    const was = JSON.parse(before) as { scripts?: object };
    expect(JSON.parse(result)).toEqual({ ...was, scripts: { ...entries, ...was.scripts } });
    expect(insertIntoJson(result, 'scripts', entries)).toBe(result);
  });

  it('leaves a value alone that is no object', () => {
    expect(insertIntoJson('{"scripts": null}', 'scripts', entries)).toBe('{"scripts": null}');
  });

  it('is not led astray by braces, quotes and escapes in texts', () => {
    const text =
      '{\n  "a{\\"": "}{\\\\",\n  "scripts": { "q\\"}": "{" },\n  "z": { "scripts": { "deep": 1 } }\n}';
    const parsed = JSON.parse(insertIntoJson(text, 'scripts', { x: 'y' })) as Record<string, unknown>;
    expect(parsed).toEqual({ 'a{"': '}{\\', scripts: { 'q"}': '{', x: 'y' }, z: { scripts: { deep: 1 } } });
  });
});
