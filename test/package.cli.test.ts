import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment } from './support/cli.js';
import { createDatabase, latest, tableExists, tempProject } from './support/database.js';
import type { TempProject } from './support/database.js';
import { repository } from './support/project.js';

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Manifest;
const entryPoints = Object.keys(manifest.exports).map((key) => key.replace(/^\./, 'lockkeeper'));
const runningMajor = Number(process.versions.node.split('.')[0]);
/** A Node of another major than the one that runs the tests: a newer one, or 20 when the tests run on a new one. */
const otherMajor = runningMajor < 24 ? 24 : 20;

// Packing and installing take their time: the registry's client runs three times.
const patience = 300_000;

let app: TempProject;
let otherNode: TempProject;
let packed: readonly string[];

beforeAll(() => {
  const tarballs = tempProject();
  const pack = succeed('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', tarballs.dir], {
    cwd: repository,
  });
  const [contents] = JSON.parse(pack.stdout) as [{ filename: string; files: { path: string }[] }];
  packed = contents.files.map((file) => file.path);
  const [tarball = ''] = readdirSync(tarballs.dir);
  app = tempProject({ 'package.json': '{ "name": "app", "private": true, "type": "module" }' });
  install(app, join(tarballs.dir, tarball));
  otherNode = tempProject({ 'package.json': '{ "private": true }' });
  install(otherNode, `node-${process.platform}-${process.arch}@${otherMajor}`);
  tarballs.remove();
}, patience);

afterAll(() => {
  app?.remove();
  otherNode?.remove();
});

describe('the packed tarball', () => {
  it('holds the program, its types and the licences, and nothing of the workshop', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'CHANGELOG.md',
        'docs/errors.md',
        'docs/cli.md',
        'dist/THIRD-PARTY-LICENSES.md',
        'dist/cli/main.js',
        'dist/index.js',
        'dist/types/index.d.ts',
      ]),
    );
    expect(packed.filter((path) => /^(src|test|bench|scripts|examples|\.ci|\.github)\//.test(path))).toEqual(
      [],
    );
    expect(packed.filter((path) => /\.test\.|\.map$/.test(path))).toEqual([]);
  });

  it('has types that a strict project can use', () => {
    app.write(
      'use.ts',
      `import { createLockkeeper, defineMigration, isLockkeeperError, type StatusReport } from 'lockkeeper';
       import { defineConfig } from 'lockkeeper/config';
       export const config = defineConfig({ migrations: 'migrations', lockTimeout: '2s' });
       export const migration = defineMigration({
         up: async (db) => { const row = await db.one<{ n: number }>('select 1 as n'); row.n.toFixed(); },
       });
       export async function count(): Promise<number> {
         await using lockkeeper = await createLockkeeper({ cwd: '.' });
         const report: StatusReport = await lockkeeper.status();
         return report.applied.length;
       }
       export const locked = (error: unknown) => isLockkeeperError(error, 'LOCK_HELD');
       // @ts-expect-error: not a key of the configuration
       defineConfig({ migration: 'typo' });`,
    );
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023'];
    const libraries = ['--lib', 'es2023,esnext.disposable', '--types', ''];
    const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
    const checked = run(process.execPath, [compiler, ...options, ...libraries, 'use.ts'], { cwd: app.dir });
    expect(checked).toMatchObject({ code: 0, stdout: '' });
  });
});

describe.each([runningMajor, otherMajor])('the installed package on Node %i', (major) => {
  let nodeFolder: string;
  beforeAll(() => {
    nodeFolder = major === runningMajor ? dirname(process.execPath) : binFolder(otherNode);
  });
  const onNode = (command: string, args: readonly string[], options: { cwd: string; env?: Env }): Ran =>
    run(command, args, { ...options, nodeFolder });

  it('is tested on the Node that is named', () => {
    expect(onNode('node', ['--version'], { cwd: app.dir }).stdout).toMatch(new RegExp(`^v${major}\\.`));
  });

  it.each(entryPoints)('lets %s be imported, quietly', (entry) => {
    const attributes = entry.endsWith('.json') ? ", { with: { type: 'json' } }" : '';
    const program = `const all = await import('${entry}'${attributes}); console.log(Object.keys(all).length > 0);`;
    const ran = onNode('node', ['--no-warnings', '--input-type=module', '--eval', program], { cwd: app.dir });
    expect(ran).toEqual({ code: 0, stdout: 'true\n', stderr: '' });
  });

  it('lets nothing else be imported', () => {
    const program = "await import('lockkeeper/dist/cli/main.js')";
    const ran = onNode('node', ['--input-type=module', '--eval', program], { cwd: app.dir });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('prints help and version through npx', () => {
    expect(onNode('npx', ['lockkeeper', '--version'], { cwd: app.dir })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(manifest.version) as string,
    });
    expect(onNode('npx', ['lk', '--help'], { cwd: app.dir })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('status') as string,
    });
  });

  it('migrates a database with SQL and TypeScript, and says so', async () => {
    const database = await createDatabase(latest);
    const project = projectWithPackage();
    try {
      const env = { DATABASE_URL: database.url };
      expect(onNode('npx', ['lockkeeper', 'up', '--json'], { cwd: project.dir, env })).toMatchObject({
        code: 0,
      });
      expect(await tableExists(database, 'from_sql')).toBe(true);
      expect(await tableExists(database, 'from_typescript')).toBe(true);
      const status = onNode('npx', ['lockkeeper', 'status', '--json'], { cwd: project.dir, env });
      expect(JSON.parse(status.stdout)).toMatchObject({
        applied: [{ version: '1' }, { version: '2' }],
        pending: [],
      });
    } finally {
      project.remove();
      await database.drop();
    }
  });

  it('brings a server of its own, though no install script was run', () => {
    const project = projectWithPackage();
    try {
      const up = onNode('npx', ['lockkeeper', 'up', '--json'], { cwd: project.dir });
      expect(up, up.stderr).toMatchObject({ code: 0 });
      expect(JSON.parse(up.stdout)).toMatchObject({
        applied: [{ version: '1' }, { version: '2' }],
        failed: null,
      });
    } finally {
      const stopped = onNode('npx', ['lockkeeper', 'db', 'stop'], { cwd: project.dir });
      project.remove();
      expect(stopped).toMatchObject({ code: 0 });
    }
  });
});

/** A project with two migrations that finds the package where it was installed. */
function projectWithPackage(): TempProject {
  const project = tempProject({
    'package.json': '{ "private": true, "type": "module" }',
    'migrations/1_sql.sql':
      '-- migrate:up\ncreate table from_sql (id int);\n-- migrate:down\ndrop table from_sql;\n',
    'migrations/2_typescript.ts':
      "import { defineMigration } from 'lockkeeper';\n" +
      "export default defineMigration({ up: 'create table from_typescript (id int)' });\n",
  });
  symlinkSync(join(app.dir, 'node_modules'), join(project.dir, 'node_modules'), 'dir');
  return project;
}

type Env = Readonly<Record<string, string | undefined>>;

interface RunOptions {
  readonly cwd: string;
  readonly env?: Env;
  /** Folder of the `node` to use; the one that runs the tests when left out. */
  readonly nodeFolder?: string;
}

function run(command: string, args: readonly string[], options: RunOptions): Ran {
  const env = cleanEnvironment({ ...registrySettings(), ...options.env });
  if (options.nodeFolder !== undefined) env['PATH'] = options.nodeFolder + delimiter + (env['PATH'] ?? '');
  const ran = spawnSync(command, args, { cwd: options.cwd, env, encoding: 'utf8', timeout: patience });
  return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

function succeed(command: string, args: readonly string[], options: RunOptions): Ran {
  const ran = run(command, args, options);
  if (ran.code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${ran.stdout}\n${ran.stderr}`);
  return ran;
}

function install(project: TempProject, what: string): void {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  succeed('npm', ['install', what, '--ignore-scripts', '--prefer-offline', ...quiet], { cwd: project.dir });
}

function binFolder(project: TempProject): string {
  return realpathSync(join(project.dir, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin'));
}

/** How this machine reaches its registry is the machine's business; everything else of npm's settings stays out. */
function registrySettings(): Env {
  const names =
    /^(npm_config_(registry|cache|userconfig|cafile|strict_ssl|.*proxy)|https?_proxy|no_proxy|node_extra_ca_certs)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)));
}
