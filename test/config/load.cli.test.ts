import { execFile } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';
import { project } from './project.js';

describe('the built program', () => {
  /** Bundles the folder as the build does, and loads a configuration with plain Node, as a user's machine would. */
  async function inNode(
    files: Record<string, string>,
  ): Promise<{ names?: string[]; code?: string; location?: object }> {
    const root = project(files);
    const script = `
      const { resolveConfig } = await import(${JSON.stringify(`${await bundle()}/dist/index.js`)});
      try {
        const config = await resolveConfig({ cwd: process.argv[1], variables: {} });
        console.log(JSON.stringify({ names: config.sources.map((source) => source.name) }));
      } catch (error) {
        console.log(JSON.stringify({ code: error.code, location: error.location }));
      }`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      script,
      root,
    ]);
    return JSON.parse(stdout) as { names?: string[] };
  }

  let built: Promise<string> | undefined;
  async function bundle(): Promise<string> {
    built ??= (async () => {
      const home = fileURLToPath(new URL('../..', import.meta.url));
      const folder = project({ 'package.json': readFileSync(join(home, 'package.json'), 'utf8') });
      symlinkSync(join(home, 'node_modules'), join(folder, 'node_modules'));
      const input = { index: 'src/config/index.ts', config: 'src/config/public.ts' };
      const made = await rolldown({ cwd: home, platform: 'node', external: [/^node:/, 'jiti'], input });
      await made.write({ dir: join(folder, 'dist'), format: 'esm' });
      await made.close();
      return folder;
    })();
    return await built;
  }

  const withName =
    "import { defineConfig } from 'lockkeeper/config';\nexport default defineConfig({ migrations: 'm' });";

  it.each<[string, string, string?]>([
    ['ts', withName],
    ['mjs', withName],
    ['js', withName],
    ['js', withName, '{"type":"module"}'],
    ['js', "module.exports = { migrations: 'm' };"],
    [
      'cjs',
      "const { defineConfig } = require('lockkeeper/config');\nmodule.exports = defineConfig({ migrations: 'm' });",
    ],
    ['json', '{"migrations":"m"}'],
  ])('loads .%s of a project that has no copy of Lockkeeper: %s', async (extension, text, manifest) => {
    const more: Record<string, string> = manifest === undefined ? {} : { 'package.json': manifest };
    expect(await inNode({ [`lockkeeper.config.${extension}`]: text, ...more })).toEqual({ names: ['m'] });
  });

  it.each([
    ['mjs', 'export default {\n  migrations: = 1,\n};', { line: 2, column: 15 }],
    ['ts', 'export default {\n  migrations: = 1,\n};', { line: 2, column: 15 }],
    ['cjs', 'module.exports = {\n  migrations: = 1,\n};', { line: 2 }],
    ['mjs', 'const a = 1;\nthrow new Error("x");', { line: 2, column: 7 }],
  ])('says where .%s is wrong', async (extension, text, place) => {
    const answer = await inNode({ [`lockkeeper.config.${extension}`]: text });
    expect(answer).toMatchObject({ code: 'CONFIG_NOT_LOADED', location: place });
  });
});
