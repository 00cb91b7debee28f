import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanEnvironment } from './support/cli.js';
import { assertNothingLeft, createDatabase, runCli, servers, tempProject } from './support/database.js';
import type { TempProject } from './support/database.js';
import { repository } from './support/project.js';
import { findMissingLine, readSteps, type ReadmeStep } from './support/readme.js';
import { linkDependencies } from './support/tools.js';

const folder = join(repository, 'examples');
const examples = readdirSync(folder).sort();

describe('reading a readme', () => {
  const markdown =
    '# A\n```sh\necho a\n```\ntext\n```text\na\n\n  b …\n```\n```js\nx\n```\n```sh\necho c\n```\n```sh\ntrue\n```\n';

  it('finds the commands in order, each with the output below it', () => {
    expect(readSteps(markdown)).toEqual([
      { command: 'echo a', output: ['a', '  b …'] },
      { command: 'echo c', output: [] },
      { command: 'true', output: [] },
    ]);
  });

  it('wants every line shown, in order', () => {
    expect(findMissingLine(['a', 'b … c.'], 'x\n  a\nb   12 c.\n')).toBeNull();
    expect(findMissingLine(['a', 'b'], 'b\na\n')).toBe('b');
    expect(findMissingLine(['a.'], 'ab\n')).toBe('a.');
  });
});

describe.each(examples)('examples/%s', (name) => {
  const steps = readSteps(readFileSync(join(folder, name, 'readme.md'), 'utf8'));

  it('shows commands and what they print', () => {
    expect(steps.length).toBeGreaterThan(2);
    expect(steps.filter((step) => step.output.length > 0).length).toBeGreaterThan(1);
  });

  it.each(servers)('does what its readme says on PostgreSQL $major', async (server) => {
    const database = await createDatabase(server);
    const project = copyExample(name);
    try {
      for (const step of steps) runStep(step, project, { DATABASE_URL: database.url });
      await assertNothingLeft(database);
    } finally {
      project.remove();
      await database.drop();
    }
  });

  it('does what its readme says on the embedded server, with nothing configured', async () => {
    const project = copyExample(name);
    try {
      for (const step of steps) runStep(step, project, {});
    } finally {
      const stopped = await runCli(['db', 'stop'], { cwd: project.dir });
      project.remove();
      expect(stopped).toMatchObject({ code: 0 });
    }
  });
});

/** A copy in which `npx lockkeeper` and `import … from 'lockkeeper'` find this repository's build. */
function copyExample(name: string): TempProject {
  const project = tempProject({}, { linkPackage: true });
  cpSync(join(folder, name), project.dir, {
    recursive: true,
    filter: (source) => !/[\\/](node_modules|\.lockkeeper|package-lock\.json)$/.test(source),
  });
  const bin = join(project.dir, 'node_modules', '.bin');
  mkdirSync(bin);
  symlinkSync('../lockkeeper/dist/cli/main.js', join(bin, 'lockkeeper'));
  linkDependencies(project);
  return project;
}

function runStep(step: ReadmeStep, project: TempProject, env: Record<string, string>): void {
  const ran = spawnSync('sh', ['-euc', `{ ${step.command}\n} 2>&1`], {
    cwd: project.dir,
    env: cleanEnvironment(env),
    encoding: 'utf8',
    timeout: 50_000,
  });
  expect(ran.status, `$ ${step.command}\n${ran.stdout}`).toBe(0);
  const missing = findMissingLine(step.output, ran.stdout);
  expect(missing, `$ ${step.command}\nis shown with that line, and printed:\n${ran.stdout}`).toBeNull();
}
