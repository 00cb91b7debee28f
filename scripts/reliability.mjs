// Runs one of the harnesses of test/reliability at full length and keeps its figures.
//   npm run reliability -- <harness> [--rounds n] [--seed s] [--postgres major] [--keep]
// Without --keep nothing is written; with it the figures go into test/reliability/figures.json, from which
// `node scripts/build-docs.mjs` makes the table of docs/reliability.md.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'test/reliability');

/** How many rounds each does when nothing is said. */
const usual = {
  files: 5000,
  kill: 500,
  connection: 100,
  pause: 100,
  crowd: 3,
  traffic: 1,
  foreign: 25,
  majors: 1,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    seed: { type: 'string' },
    postgres: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

const harnesses = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => name.split('.')[0]);
const [harness] = positionals;
const problem = complaint();
if (problem === null) run();
else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
}

function complaint() {
  if (!harnesses.includes(harness)) return `Name a harness: ${harnesses.join(', ')}.`;
  for (const name of ['rounds', 'seed', 'postgres']) {
    if (values[name] !== undefined && !/^\d+$/.test(values[name])) return `--${name} takes a whole number.`;
  }
  return null;
}

function run() {
  const work = mkdtempSync(join(tmpdir(), 'lockkeeper-reliability-'));
  const told = join(work, 'figures');
  try {
    const file = readdirSync(folder).find(
      (name) => name.startsWith(`${harness}.`) && name.endsWith('.test.ts'),
    );
    const { status } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'postgres', join(folder, file)],
      { cwd: root, stdio: 'inherit', env: environment(told) },
    );
    process.exitCode = status ?? 1;
    if (status === 0 && values.keep && existsSync(told)) keep(told);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function environment(told) {
  return {
    ...process.env,
    LOCKKEEPER_TEST_ROUNDS: values.rounds ?? String(usual[harness]),
    LOCKKEEPER_TEST_FIGURES: told,
    ...(values.seed === undefined ? {} : { LOCKKEEPER_TEST_SEED: values.seed }),
    ...(values.postgres === undefined ? {} : { LOCKKEEPER_TEST_MAJOR: values.postgres }),
  };
}

/** The newest figures of a harness on a major with a seed take the place of the older ones. */
function keep(told) {
  const path = join(folder, 'figures.json');
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
  const lines = readFileSync(told, 'utf8').trim().split('\n');
  const rows = lines.map((line) => JSON.parse(line));
  const key = (row) => `${row.harness} ${row.major} ${row.seed}`;
  const fresh = new Set(rows.map(key));
  const all = [...before.filter((row) => !fresh.has(key(row))), ...rows];
  all.sort((a, b) => key(a).localeCompare(key(b)));
  writeFileSync(path, `${JSON.stringify(all, null, 2)}\n`);
}
