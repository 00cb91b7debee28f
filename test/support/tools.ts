import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cleanEnvironment } from './cli.js';
import { repository, type TempProject } from './project.js';

/** Where the real tools are that we are compared with; a manifest of its own, so that no user installs them. */
export const toolsFolder = join(repository, 'test', 'tools');

const modules = join(toolsFolder, 'node_modules');
const installed = join(modules, '.installed');

/**
 * Installs the tools when they are not there, or others are wanted; once for a whole test run. The manifest names exact
 * versions and there is no lock file: npm refuses one that does not list every platform's program of a tool.
 */
export function installTools(): void {
  const wanted = readFileSync(join(toolsFolder, 'package.json'), 'utf8');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === wanted) return;
  const args = ['install', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', args, { cwd: toolsFolder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The tools for the tests could not be installed: ${stderr}`);
  writeFileSync(installed, wanted);
}

/** Lets a project find the tools as if it had installed them. */
export function linkTools(project: TempProject): void {
  symlinkSync(modules, join(project.dir, 'node_modules'));
}

/**
 * The same where a project has a node_modules folder already: what its package.json asks for, as far as we have it, and
 * the programs of these packages.
 */
export function linkDependencies(project: TempProject): void {
  const { dependencies = {} } = JSON.parse(project.read('package.json')) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  const own = join(project.dir, 'node_modules');
  for (const name of Object.keys(dependencies)) {
    const target = join(own, name);
    if (existsSync(target) || !existsSync(join(modules, name))) continue;
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(modules, name), target, 'dir');
    mkdirSync(join(own, '.bin'), { recursive: true });
    for (const program of programsOf(name))
      symlinkSync(join(modules, '.bin', program), join(own, '.bin', program));
  }
}

function programsOf(name: string): readonly string[] {
  const manifest = readFileSync(join(modules, name, 'package.json'), 'utf8');
  const { bin } = JSON.parse(manifest) as { readonly bin?: string | Readonly<Record<string, string>> };
  if (typeof bin === 'string') return [name.replace(/^@.*\//, '')];
  return Object.keys(bin ?? {});
}

export interface ToolRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of a tool (`knex`, `node-pg-migrate`) in a project, as its user would. */
export function runTool(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): ToolRun {
  const { status, stdout, stderr } = spawnSync(join(modules, '.bin', program), args, {
    cwd,
    encoding: 'utf8',
    env: { ...cleanEnvironment(), ...env },
    timeout: 60_000,
  });
  return { code: status, stdout, stderr };
}
