import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/index.js';
import { findJsonError } from '../../src/config/json-position.js';
import { defineConfig } from '../../src/config/public.js';
import { failureOf, problemsOf, project, resolveIn } from './project.js';

const esm = "export default { migrations: 'm' };";

describe('a configuration file', () => {
  it.each<[string, string]>([
    [
      'ts',
      "import { defineConfig } from 'lockkeeper/config';\nexport default defineConfig({ migrations: 'm' as string });",
    ],
    ['ts', "enum Folder { M = 'm' }\nexport default { migrations: Folder.M };"],
    ['ts', "const config = { migrations: 'm' as const };\nexport = config;"],
    ['ts', "export default Promise.resolve({ migrations: 'm' });"],
    ['ts', "import { defineConfig } from 'lockkeeper';\nexport default defineConfig({ migrations: 'm' });"],
    [
      'cts',
      "const { defineConfig } = require('lockkeeper/config');\nmodule.exports = defineConfig({ migrations: 'm' });",
    ],
    ['mts', `${esm}\nexport type Unused = string;`],
    ['cts', "module.exports = { migrations: 'm' as string };"],
    ['mjs', esm],
    [
      'mjs',
      "export default async ({ root, environment }) => ({ migrations: environment === 'test' && root ? 'm' : 'x' });",
    ],
    ['mjs', "export default Promise.resolve({ migrations: 'm' });"],
    [
      'mjs',
      "import { defineConfig } from 'lockkeeper/config';\nexport default defineConfig({ migrations: 'm' });",
    ],
    ['cjs', "module.exports = { migrations: 'm' };"],
    ['cjs', "module.exports = () => ({ migrations: 'm' });"],
    ['cjs', "exports.__esModule = true; exports.default = { migrations: 'm' };"],
    ['js', "module.exports = { migrations: 'm' };"],
    ['json', '\uFEFF{ "$schema": "x", "migrations": "m" }'],
  ])('may be .%s: %s', async (extension, text) => {
    const config = await resolveIn({ [`lockkeeper.config.${extension}`]: text }, { env: 'test' });
    expect(config.sources.map((source) => source.name)).toEqual(['m']);
    expect(config.file).toBe(join(config.root, `lockkeeper.config.${extension}`));
  });

  it('in a package of type module may be .js too', async () => {
    const config = await resolveIn({ 'package.json': '{"type":"module"}', 'lockkeeper.config.js': esm });
    expect(config.sources[0]?.name).toBe('m');
  });

  it('in TypeScript may import files beside it', async () => {
    const files = {
      'lockkeeper.config.ts': "import { dir } from './dir';\nexport default { migrations: dir };",
    };
    const config = await resolveIn({ ...files, 'dir.ts': "export const dir: string = 'm';" });
    expect(config.sources[0]?.name).toBe('m');
  });

  it('in TypeScript may use the paths of tsconfig.json', async () => {
    const config = await resolveIn({
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }',
      'src/dir.ts': "export const dir: string = 'm';",
      'lockkeeper.config.ts': "import { dir } from '@/dir';\nexport default { migrations: dir };",
    });
    expect(config.sources[0]?.name).toBe('m');
  });

  it('may be named, and its folder is the project then', async () => {
    const root = project({ 'db/other.mjs': esm });
    const config = await resolveConfig({ cwd: root, config: 'db/other.mjs', variables: {} });
    expect(config).toMatchObject({ root: `${root}/db`, file: `${root}/db/other.mjs` });
  });

  it('of a parent folder is not looked for', async () => {
    const root = project({ 'lockkeeper.config.json': '{"migrations":"m"}', 'sub/x': '' });
    expect((await resolveConfig({ cwd: `${root}/sub`, variables: {} })).file).toBeNull();
  });

  it('may not have a second one beside it', async () => {
    const error = await failureOf(resolveIn({ 'lockkeeper.config.ts': esm, 'lockkeeper.config.mjs': esm }));
    expect(error.code).toBe('CONFIG_NOT_LOADED');
    expect(error.message).toBe(
      'There are 2 configuration files: lockkeeper.config.ts and lockkeeper.config.mjs.',
    );
  });

  it.each([
    [{ config: 'no.ts' }, 'The configuration file no.ts does not exist'],
    [{ config: '.' }, 'The configuration file . does not exist'],
    [{ cwd: '/nowhere/at/all' }, 'The project folder /nowhere/at/all does not exist'],
  ])('that is missing is an error when it was named: %j', async (input, message) => {
    const error = await failureOf(resolveConfig({ cwd: project(), variables: {}, ...input }));
    expect(error.code).toBe('CONFIG_NOT_LOADED');
    expect(error.message).toContain(message);
  });
});

describe('a configuration file that fails', () => {
  it.each<[string, string, number | null, string]>([
    ['mjs', "const a = 1;\n\nthrow new Error('boom');", 3, 'boom'],
    ['ts', "const a: number = 1;\n\nthrow new Error('boom');", 3, 'boom'],
    ['ts', "export default () => {\n  throw new TypeError('boom');\n};", 2, 'TypeError: boom'],
    ['ts', 'export default {\n  migrations: = 1,\n};', 2, 'ParseError: Unexpected token'],
    ['mjs', "import 'no-such-package-at-all';", null, 'no-such-package-at-all'],
    ['cjs', "require('./nowhere.cjs');", 1, './nowhere.cjs'],
    ['mjs', "export default Promise.reject(new Error('late'));", 1, 'late'],
  ])('as .%s says where and why: %s', async (extension, text, line, reason) => {
    const file = `lockkeeper.config.${extension}`;
    const error = await failureOf(resolveIn({ [file]: text }));
    expect(error.code).toBe('CONFIG_NOT_LOADED');
    expect(error.exit).toBe(2);
    expect(error.message).toContain(`${file} failed while it was loaded`);
    expect(error.message).toContain(reason);
    expect(error.cause).toBeDefined();
    expect(error.hint).toBeDefined();
    if (line !== null)
      expect(error.location).toMatchObject({ file, line, lineText: text.split('\n')[line - 1] });
  });

  it('shows no password, neither of its own text nor of the error', async () => {
    const text = "const url = 'postgres://u:hunter2@h/d'; throw new Error('bad ' + url);";
    const error = await failureOf(resolveIn({ 'lockkeeper.config.mjs': text }));
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('as .json says line and column', async () => {
    const text = '{\n  "migrations": "m",\n  "environments": { "é": {}, }\n}';
    const error = await failureOf(resolveIn({ 'lockkeeper.config.json': text }));
    expect(error.code).toBe('CONFIG_NOT_LOADED');
    expect(error.location).toEqual({
      file: 'lockkeeper.config.json',
      line: 3,
      column: 30,
      lineText: '  "environments": { "é": {}, }',
      length: 1,
    });
  });

  it.each([
    ['mjs', 'export const config = {};', 'has no default export'],
    ['ts', 'export const config: object = {};', 'has no default export'],
    ['mjs', 'export default undefined;', 'has no default export'],
    ['cjs', 'module.exports = null;', 'has no default export'],
    ['json', '[]', 'exports []'],
    ['json', '"x"', 'exports "x"'],
    ['mjs', 'export default 5;', 'exports 5'],
  ])('to say anything is told: .%s %s', async (extension, text, message) => {
    const [problem] = await problemsOf(resolveIn({ [`lockkeeper.config.${extension}`]: text }));
    expect(problem).toContain(message);
  });
});

describe('the place where a text stops being JSON', () => {
  it.each<[string, number]>([
    ['', 0],
    ['{', 1],
    ['{"a":1,}', 7],
    ["{'a':1}", 1],
    ['[1 2]', 3],
    ['{"a":tru}', 5],
    ['{"a":"b', 5],
    ['{"a":01}', 5],
    ['{} x', 3],
    ['[1, // no\n2]', 4],
    ['"\n"', 0],
  ])('is found in %j', (text, index) => {
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(findJsonError(text)).toBe(index);
  });

  it.each(['{}', '[]', ' null ', '{"a":[1,-2.5e+10,"\\u00e9\\n",true,{"b":{}}]}', '"\u007F\u2028"'])(
    'is none in %j',
    (text) => {
      expect(() => JSON.parse(text) as unknown).not.toThrow();
      expect(findJsonError(text)).toBeNull();
    },
  );
});

describe('start-up', () => {
  const source = fileURLToPath(new URL('../../src', import.meta.url));

  /** Everything that a file loads by static value imports. */
  function loaded(file: string, seen = new Set<string>()): Set<string> {
    if (seen.has(file)) return seen;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, clause, name = ''] of text.matchAll(/^(?:import|export)\s([^;]*?)from '([^']+)'/gms)) {
      if (/^type\s/.test(clause ?? '')) continue;
      if (name.startsWith('.')) loaded(resolve(dirname(file), name.replace(/\.js$/, '.ts')), seen);
      else seen.add(name);
    }
    return seen;
  }

  it('without a configuration loads nothing but what Node has itself', () => {
    const names = [...loaded(join(source, 'config/index.ts'))];
    expect(names.filter((name) => !name.startsWith('/') && !name.startsWith('node:'))).toEqual([]);
    expect(names.filter((name) => /schema\.ts|module-loader\.ts/.test(name))).toEqual([]);
    expect(names).toContain(join(source, 'core/redact.ts'));
  });

  it('of a configuration file loads nothing for defineConfig', () => {
    expect([...loaded(join(source, 'config/public.ts'))]).toEqual([join(source, 'config/public.ts')]);
    const config = { migrations: 'm' };
    expect(defineConfig(config)).toBe(config);
  });
});
