// The quickstart, as a person would type it: copies examples/01-quickstart to a folder of its own and migrates a real
// PostgreSQL up and down, with the program of this checkout.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'dist/cli/main.js');
if (!existsSync(program)) run('node', [join(root, 'scripts/build.mjs')], root);

const project = mkdtempSync(join(tmpdir(), 'lockkeeper-demo-'));
cpSync(join(root, 'examples/01-quickstart'), project, { recursive: true });
process.on('exit', () => {
  spawnSync(process.execPath, [program, 'db', 'stop', '--quiet'], { cwd: project });
  rmSync(project, { recursive: true, force: true });
});

const bold = (text) => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[0m` : text);
console.log(`A project with migrations in SQL and TypeScript, in ${project}\n`);
for (const line of ['up', 'status', 'down', 'status', 'up', 'history --limit 6']) {
  console.log(bold(`$ lockkeeper ${line}`));
  run(process.execPath, [program, ...line.split(' ')], project);
  console.log();
}
console.log('The next step: `npx lockkeeper init` in a project of your own.');

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
