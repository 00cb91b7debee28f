// Bundles the program into dist/ and writes the type declarations beside it.
// Everything small is bundled (one file to open instead of a hundred is what makes the start fast);
// what carries a binary or must see the user's files stays a dependency.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { renderLicenses } from './licenses.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
  readFileSync(`${root}/package.json`, 'utf8'),
);
const external = [/^node:/, 'pg-native', ...Object.keys({ ...dependencies, ...optionalDependencies })];

// What `--help` needs is one file, and what every verb needs is a second one: each further file costs about a
// millisecond at the start.
const start =
  /src[\\/]cli[\\/](?:(?:program|parse|usage|nearest|flags|flag-values|table|look|printer|help)\.ts|table[\\/]|render[\\/](?:text|style|symbols)\.ts)/;
const verbs = /src[\\/]cli[\\/](?!main\.ts|completion[\\/]|commands[\\/]completion\.ts)/;

rmSync(`${root}/dist`, { recursive: true, force: true });

const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  external,
  input: {
    index: 'src/index.ts',
    config: 'src/config/public.ts',
    'cli/main': 'src/cli/main.ts',
    'embedded-supervisor': 'src/pg/embedded/supervisor.ts',
  },
});
const { output } = await bundle.write({
  dir: 'dist',
  format: 'esm',
  chunkFileNames: 'chunks/[name]-[hash].js',
  codeSplitting: {
    groups: [
      { name: 'core', test: /src[\\/]core[\\/]/, priority: 3 },
      { name: 'start', test: start, priority: 2 },
      { name: 'cli', test: verbs, priority: 1 },
    ],
  },
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  comments: { legal: true },
});
await bundle.close();
writeFileSync(
  `${root}/dist/THIRD-PARTY-LICENSES.md`,
  renderLicenses(output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))),
);
chmodSync(`${root}/dist/cli/main.js`, 0o755);

const types = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json'], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(types.status ?? 1);
