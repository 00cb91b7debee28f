import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanEnvironment, program } from './support/cli.js';
import {
  assertNothingLeft,
  createDatabase,
  latest,
  runCli,
  servers,
  tempProject,
  type TempProject,
} from './support/database.js';
import { listPages, readAnchors, readDocs, readLinks, readPage, type DocsProject } from './support/docs.js';
import { repository } from './support/project.js';
import { findMissingLine } from './support/readme.js';
import { linkDependencies } from './support/tools.js';

const pages = [
  ...listPages('docs'),
  ...listPages('examples'),
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
];
const tried = listPages('docs').flatMap((page) =>
  readDocs(readPage(page)).map((project) => ({ page, line: project.line, project })),
);

describe('reading a page', () => {
  it('finds files, commands and programs under their marks', () => {
    const page =
      '<!-- project: empty -->\n<!-- file: a.sql -->\n\n```sql\nselect 1;\n```\n\n<!-- run: exits 2 -->\n\n```sh\nfalse\n```\n\n' +
      '```text\nno …\n```\n<!-- program: p.ts -->\n```ts\nlet a;\n```\n```sh\nnot run\n```\n';
    expect(readDocs(page)).toEqual([
      {
        from: null,
        line: 1,
        steps: [
          { kind: 'file', path: 'a.sql', text: 'select 1;\n', line: 2 },
          { kind: 'run', command: 'false', exit: 2, output: ['no …'], line: 8 },
          { kind: 'program', path: 'p.ts', text: 'let a;\n', output: [], line: 17 },
        ],
      },
    ]);
  });

  it.each(['<!-- run -->\n\ntext\n\n```sh\ntrue\n```\n', '<!-- run: soon -->\n```sh\ntrue\n```\n'])(
    'refuses a mark that leads to nothing: %j',
    (text) => {
      expect(() => readDocs(`<!-- project: empty -->\n${text}`)).toThrow('line 2');
    },
  );

  it('makes anchors as GitHub does', () => {
    expect([...readAnchors('# The `db` object\n## A, b – c?\n## A, b – c?\n```sh\n# no\n```\n')]).toEqual([
      'the-db-object',
      'a-b--c',
      'a-b--c-1',
    ]);
  });
});

describe('the pages', () => {
  it('are what scripts/build-docs.mjs makes of the source', () => {
    const made = spawnSync(process.execPath, ['scripts/build-docs.mjs', '--check'], {
      cwd: repository,
      encoding: 'utf8',
    });
    expect(made.stderr).toBe('');
    expect(made.status).toBe(0);
  });

  it.each(pages)('%s links to files and headings that exist', (page) => {
    const broken = readLinks(readPage(page)).filter((link) => !leadsSomewhere(page, link));
    expect(broken).toEqual([]);
  });

  it.each(listPages('docs'))('%s is linked from another page', (page) => {
    const others = pages.filter((other) => other !== page);
    const targets = others.flatMap((other) =>
      readLinks(readPage(other)).map((link) => join(dirname(other), link.split('#')[0] ?? '')),
    );
    expect(targets).toContain(page);
  });
});

describe('the examples of the pages', () => {
  it('are many', () => {
    expect(tried.flatMap(({ project }) => project.steps).length).toBeGreaterThan(40);
  });

  it.each(tried)('$page line $line: do what they say', async ({ project }) => {
    const database = await createDatabase(latest);
    const folder = prepareProject(project);
    try {
      compile(folder, project);
      for (const step of project.steps) runStep(step, folder, { DATABASE_URL: database.url });
      await assertNothingLeft(database);
    } finally {
      folder.remove();
      await database.drop();
    }
  });
});

describe('the shapes of docs/cli.md', () => {
  const cli = readPage('docs/cli.md');

  it.each(servers)('are those that --json prints on PostgreSQL $major', async (server) => {
    const database = await createDatabase(server);
    const folder = prepareProject({ from: 'examples/01-quickstart', line: 0, steps: [] });
    const print = async (...words: readonly string[]): Promise<unknown> => {
      const env = { DATABASE_URL: database.url };
      const ran = await runCli([...words, '--json'], { cwd: folder.dir, env });
      return JSON.parse(ran.stdout) as unknown;
    };
    try {
      expectShape(await print('up', '--dry-run'), 'DryRunReport');
      expectShape(await print('up'), 'RunReport');
      expectShape(await print('tag', 'here'), 'TagReport');
      expectShape(await print('status'), 'StatusReport');
      expectShape(await print('history'), 'HistoryReport');
      expectShape(await print('redo', '--yes'), 'ResetReport');
      expectShape(await print('down'), 'RunReport');
      expectShape(await print('config'), 'ConfigReport');
      expectShape(await print('doctor'), 'DoctorReport');
      expectShape(await print('new', 'more'), 'NewReport');
      expectShape(await print('verify'), 'VerifyReport');
      expectShape(await print('init', '--no-scripts'), 'InitReport');
      const mark = await print('mark', 'find_books_by_title', '--applied', '--why=x', '--yes');
      expectShape(mark, 'MarkReport');
      const file = 'migrations/20260105090000_create_author.sql';
      folder.write(file, `${folder.read(file)}\nselect 'changed';\n`);
      const repair = await print('repair', 'create_author', '--why=x', '--yes');
      expectShape(repair, 'RepairReport');
      folder.write('broken/1_x.sql', 'select from where;');
      expectShape(await print('verify', '--migrations', 'broken'), 'VerifyReport');
      const failed = (await print('up', '--migrations', 'broken')) as { readonly error: unknown };
      expectShape(failed.error, 'ErrorJson');
      expectShape(await print('completion', 'bash'), { shell: 'string', script: 'string' });
    } finally {
      folder.remove();
      await database.drop();
    }
  });

  const shapes = new Map(
    [...cli.matchAll(/^interface (\w+) \{\n(.*?)^\}/gms)].map(([, name = '', body = '']) => [
      name,
      Object.fromEntries(
        [...body.matchAll(/^ {2}(\w+\??): (.*);$/gm)].map((member) => [member[1] ?? '', member[2] ?? '']),
      ),
    ]),
  );

  /** Every key of the document is in the page, and every key of the page in the document, all the way down. */
  function expectShape(value: unknown, expected: string | Record<string, string>): void {
    const shape = typeof expected === 'string' ? shapes.get(expected) : expected;
    if (shape === undefined) throw new Error(`docs/cli.md has no shape ${JSON.stringify(expected)}.`);
    const required = Object.keys(shape).filter((key) => !key.endsWith('?'));
    const known = new Set(Object.keys(shape).map((key) => key.replace('?', '')));
    const given = Object.keys(value as object);
    expect(required.filter((key) => !given.includes(key))).toEqual([]);
    expect(given.filter((key) => !known.has(key))).toEqual([]);
    for (const [key, type] of Object.entries(shape)) {
      const inner = (value as Record<string, unknown>)[key.replace('?', '')];
      const name = /^([A-Z]\w+)(?:\[\])?(?: \| null)?$/.exec(type)?.[1];
      if (name === undefined || !shapes.has(name) || inner === undefined || inner === null) continue;
      for (const item of Array.isArray(inner) ? (inner as readonly unknown[]) : [inner])
        expectShape(item, name);
    }
  }
});

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(repository, target))) return false;
  return anchor === undefined || (target.endsWith('.md') && readAnchors(readPage(target)).has(anchor));
}

/** A project in which `npx lockkeeper` and `import … from 'lockkeeper'` find this repository's build. */
function prepareProject(project: DocsProject): TempProject {
  const folder = tempProject({}, { linkPackage: true });
  if (project.from !== null) {
    cpSync(join(repository, project.from), folder.dir, {
      recursive: true,
      filter: (source) => !/[\\/](node_modules|\.lockkeeper|package-lock\.json)$/.test(source),
    });
  }
  if (!folder.exists('package.json')) folder.write('package.json', '{ "private": true, "type": "module" }\n');
  linkDependencies(folder);
  const bin = join(folder.dir, 'node_modules', '.bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(program, join(bin, 'lockkeeper'));
  // npx takes half a second to find what lies right here.
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nexec "$@"\n`);
  chmodSync(join(bin, 'npx'), 0o755);
  return folder;
}

const compilerOptions = {
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  typeRoots: [join(repository, 'node_modules', '@types')],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  outDir: 'compiled',
  rootDir: '.',
};

/** Every TypeScript block of the project is checked with the types of the built package, and programs are made of them. */
function compile(folder: TempProject, { steps }: DocsProject): void {
  const files = steps.flatMap((step) => (step.kind === 'run' || !step.path.endsWith('.ts') ? [] : [step]));
  if (files.length === 0) return;
  for (const { path, text } of files) folder.write(`source/${path}`, text);
  const config = { compilerOptions: { ...compilerOptions, rootDir: 'source' }, include: ['source'] };
  folder.write('tsconfig.json', JSON.stringify(config));
  const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  const ran = spawnSync(process.execPath, [compiler, '-p', '.'], { cwd: folder.dir, encoding: 'utf8' });
  folder.delete('tsconfig.json');
  expect(ran.status, ran.stdout).toBe(0);
}

function runStep(
  step: DocsProject['steps'][number],
  folder: TempProject,
  env: Readonly<Record<string, string>>,
): void {
  if (step.kind === 'file') {
    folder.write(step.path, step.text);
    return;
  }
  const command = step.kind === 'run' ? step.command : `node compiled/${step.path.replace(/ts$/, 'js')}`;
  const exit = step.kind === 'run' ? step.exit : 0;
  const ran = runSh(command, folder, env);
  expect(ran.status, `line ${step.line}: $ ${command}\n${ran.printed}`).toBe(exit);
  const missing = findMissingLine(step.output, ran.printed);
  expect(
    missing,
    `line ${step.line}: $ ${command}\nis shown with that line, and printed:\n${ran.printed}`,
  ).toBeNull();
}

/** Both streams come together, in the order in which they were written. */
function runSh(
  command: string,
  folder: TempProject,
  env: Readonly<Record<string, string>>,
): { readonly status: number | null; readonly printed: string } {
  const environment = cleanEnvironment(env);
  const bin = join(folder.dir, 'node_modules', '.bin');
  const ran = spawnSync('sh', ['-euc', `{ ${command}\n} 2>&1`], {
    cwd: folder.dir,
    env: { ...environment, PATH: `${bin}${delimiter}${environment['PATH'] ?? ''}` },
    encoding: 'utf8',
    timeout: 50_000,
  });
  return { status: ran.status, printed: ran.stdout };
}
