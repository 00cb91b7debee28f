// Bundles the program into dist/ and writes the type declarations beside it.
// Everything small is bundled (one file to open instead of a hundred is what makes the start fast);
// what carries a binary or must see the user's files stays a dependency.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { renderLicenses } from './licenses.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
  readFileSync(`${root}/package.json`, 'utf8'),
);
const external = [/^node:/, 'pg-native', ...Object.keys({ ...dependencies, ...optionalDependencies })];

// What every verb needs, of the command line and below it, is one file each: every further file costs about a
// millisecond at the start. Options are in it wherever they lie: a default must not bring a whole floor along.
const verbs = /src[\\/]cli[\\/]/;
const start =
  /src[\\/](?:core[\\/]|config[\\/](?!check|schema|module-loader|observe|webhooks|public|index|detect-project|foreign-sources|owner|configure-folder)|app[\\/](?:create-lockkeeper|watch)\.ts|\w+[\\/]options\.ts)/;

// What `status` needs is another, and what `up` needs besides is a third. Rooms that few runs enter stay apart.
const rare =
  /src[\\/](?:execute[\\/](?:recovery|backfill|alone-step|code|lease|watch[\\/](?:lookout|blockers|cancel-blocker|progress|rate))|pg[\\/]embedded|sql[\\/](?:parse|batchable)|source[\\/](?:read-code|module|code|load|formats|folder-owner|foreign-listing|given|sql-text|project-package|[\w-]+[\\/])|pg[\\/]dump|history[\\/]backfills)/;
const reading =
  /src[\\/](?:app[\\/](?:status|check-environments|migrations|prepare-read|session)\.ts|(?:history|sql|migration|pg|source)[\\/]|plan[\\/]state)|node_modules[\\/](?:pg|postgres|split2|xtend)/;
const running =
  /src[\\/](?:app[\\/](?:up|dry-run|check-syntax|plan-run|prepare|run-lock|pooled)\.ts|(?:execute|plan)[\\/])/;

// Built aside and then put in place, so that a build that fails leaves the last good one, and a program that is
// being used is away for an instant only.
const dist = `${root}/dist`;
const stage = `${root}/node_modules/.lockkeeper-build-${process.pid}`;

const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  external,
  // The driver looks for Cloudflare's Response when it is loaded, and Node 20 then loads all of fetch (15 ms).
  transform: { define: { Response: 'undefined' } },
  input: {
    index: 'src/index.ts',
    config: 'src/config/public.ts',
    'command-line': 'src/cli/after-start.ts',
    'embedded-supervisor': 'src/pg/embedded/supervisor.ts',
  },
});
const shared = {
  dir: stage,
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  comments: { legal: true },
};
const { output } = await bundle.write({
  ...shared,
  format: 'esm',
  chunkFileNames: 'chunks/[name]-[hash].js',
  codeSplitting: {
    groups: [
      { name: 'core', test: start, priority: 3 },
      { name: 'cli', test: verbs, priority: 1 },
      { name: 'read', test: (id) => reading.test(id) && !rare.test(id), priority: 1 },
      { name: 'run', test: (id) => running.test(id) && !rare.test(id), priority: 1 },
    ],
  },
});
await bundle.close();

// The program itself, with all that `--help` needs, is one CommonJS file: Node starts that some milliseconds faster
// than a module. It loads the modules above where there is more to do.
const program = await rolldown({
  cwd: root,
  platform: 'node',
  input: { 'cli/main': 'src/cli/main.ts' },
  plugins: [
    {
      name: 'after-start',
      resolveId: (id) =>
        id === './after-start.js' ? { id: '../command-line.js', external: 'relative' } : null,
    },
  ],
});
await program.write({ ...shared, format: 'cjs' });
await program.close();
writeFileSync(`${stage}/cli/package.json`, '{ "type": "commonjs" }\n');
writeFileSync(
  `${stage}/THIRD-PARTY-LICENSES.md`,
  renderLicenses(output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))),
);
chmodSync(`${stage}/cli/main.js`, 0o755);

const compiler = 'node_modules/typescript/bin/tsc';
const types = spawnSync(
  process.execPath,
  [compiler, '-p', 'tsconfig.types.json', '--outDir', `${stage}/types`],
  { cwd: root, stdio: 'inherit' },
);

if (existsSync(dist)) renameSync(dist, `${stage}.old`);
renameSync(stage, dist);
rmSync(`${stage}.old`, { recursive: true, force: true });
process.exit(types.status ?? 1);
